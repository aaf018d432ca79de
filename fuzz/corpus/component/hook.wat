(component
  (import "hookbox:hook/types@0.1.0" (instance $types
    (type $r (variant (case "back-off") (case "after" u64) (case "never")))
    (export "retry" (type $retry (eq $r)))
    (type $e (record (field "message" string) (field "retry" $retry)))
    (export "error" (type (eq $e)))))
  (core module $m (memory (export "memory") 1)
    (func (export "describe") (result i32) i32.const 64)))
