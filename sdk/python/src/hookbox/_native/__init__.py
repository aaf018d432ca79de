"""What bindings stand on outside of a component. Inside, componentize-py brings its own."""

import importlib
import sys

try:
    import componentize_py_types as componentize_py_types
except ModuleNotFoundError:
    sys.modules["componentize_py_types"] = importlib.import_module("hookbox._native.componentize_py_types")
