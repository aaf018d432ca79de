(module (memory 1) (table 1 funcref) (func (local i32) loop br 0 end) (start 0))
