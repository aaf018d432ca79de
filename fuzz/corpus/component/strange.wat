(component
  (import "wasi:sockets/tcp@0.2.0" (instance))
  (import "hookbox:hook/values@0.9.0" (instance))
  (export "hookbox:hook/hooks@0.1.0" (instance 0)))
