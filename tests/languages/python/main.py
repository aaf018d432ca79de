"""One behaviour, all languages: the hooks in Python."""

import asked  # noqa: F401
import cluster  # noqa: F401
import failing  # noqa: F401
import outside  # noqa: F401
import stored  # noqa: F401
