(component (type $a (tuple u8 u8)) (type $b (tuple $a $a)) (component (core module (func)) (core instance (instantiate 0))))
