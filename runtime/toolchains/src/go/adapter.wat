(module
  ;; Stateless preview1 -> preview2 adapter for std Go hooks. It never allocates, has no
  ;; shadow stack, and uses only [4096,12288) of the guest memory, which Go keeps free on wasm
  ;; (wasmMinDataAddr = 4096 + 8192).
  (import "env" "memory" (memory 0))
  (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $get_stdout (result i32)))
  (import "wasi:cli/stderr@0.2.0" "get-stderr" (func $get_stderr (result i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush" (func $bwf (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $drop_os (param i32)))
  (import "wasi:io/error@0.2.0" "[resource-drop]error" (func $drop_err (param i32)))
  (import "wasi:cli/exit@0.2.0" "exit" (func $exit (param i32)))
  (import "wasi:clocks/wall-clock@0.2.0" "now" (func $wall_now (param i32)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $mono_now (result i64)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $sub_dur (param i64) (result i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@0.2.0" "[resource-drop]pollable" (func $drop_poll (param i32)))
  (import "wasi:random/random@0.2.0" "get-random-u64" (func $rnd (result i64)))

  (func (export "sched_yield") (result i32) i32.const 0)
  (func (export "proc_exit") (param i32) (call $exit (i32.ne (local.get 0) (i32.const 0))) unreachable)
  (func (export "args_get") (param i32 i32) (result i32) i32.const 0)
  (func (export "args_sizes_get") (param i32 i32) (result i32)
    (i32.store (local.get 0) (i32.const 0)) (i32.store (local.get 1) (i32.const 0)) i32.const 0)
  (func (export "environ_get") (param i32 i32) (result i32) i32.const 0)
  (func (export "environ_sizes_get") (param i32 i32) (result i32)
    (i32.store (local.get 0) (i32.const 0)) (i32.store (local.get 1) (i32.const 0)) i32.const 0)
  (func (export "clock_time_get") (param $id i32) (param $prec i64) (param $out i32) (result i32)
    (if (i32.load (i32.const 4200)) (then
      (i64.store (local.get $out) (select (i64.load (i32.const 4216)) (i64.load (i32.const 4208)) (i32.eqz (local.get $id))))
      (return (i32.const 0))))
    (if (i32.eqz (local.get $id))
      (then
        (call $wall_now (i32.const 4096)) ;; record { seconds u64, nanoseconds u32 }
        (i64.store (local.get $out) (i64.add (i64.mul (i64.load (i32.const 4096)) (i64.const 1000000000)) (i64.extend_i32_u (i32.load (i32.const 4104))))))
      (else (i64.store (local.get $out) (i64.add (call $mono_now) (i64.const 1))))) ;; Go takes 0 for a broken clock
    (i64.store (select (i32.const 4216) (i32.const 4208) (i32.eqz (local.get $id))) (i64.load (local.get $out)))
    i32.const 0)
  (func (export "random_get") (param $p i32) (param $n i32) (result i32)
    (local $v i64)
    (if (i32.load (i32.const 4200)) (then (return (i32.const 29))))
    (block $done (loop $l
      (br_if $done (i32.eqz (local.get $n)))
      (local.set $v (call $rnd))
      (if (i32.ge_u (local.get $n) (i32.const 8))
        (then (i64.store (local.get $p) (local.get $v))
              (local.set $p (i32.add (local.get $p) (i32.const 8))) (local.set $n (i32.sub (local.get $n) (i32.const 8))))
        (else (i32.store8 (local.get $p) (i32.wrap_i64 (local.get $v)))
              (local.set $p (i32.add (local.get $p) (i32.const 1))) (local.set $n (i32.sub (local.get $n) (i32.const 1)))))
      (br $l)))
    i32.const 0)
  (func (export "fd_write") (param $fd i32) (param $iov i32) (param $cnt i32) (param $out i32) (result i32)
    (local $h i32) (local $p i32) (local $n i32) (local $c i32) (local $tot i32)
    (if (i32.load (i32.const 4200)) (then (return (i32.const 29))))
    (if (i32.or (i32.eqz (local.get $fd)) (i32.gt_u (local.get $fd) (i32.const 2))) (then (return (i32.const 8)))) ;; EBADF
    (local.set $h (if (result i32) (i32.eq (local.get $fd) (i32.const 1)) (then (call $get_stdout)) (else (call $get_stderr))))
    (block $done (loop $l
      (br_if $done (i32.eqz (local.get $cnt)))
      (local.set $p (i32.load (local.get $iov))) (local.set $n (i32.load offset=4 (local.get $iov)))
      (block $d2 (loop $l2
        (br_if $d2 (i32.eqz (local.get $n)))
        (local.set $c (select (i32.const 4096) (local.get $n) (i32.gt_u (local.get $n) (i32.const 4096))))
        (call $bwf (local.get $h) (local.get $p) (local.get $c) (i32.const 4096))
        (if (i32.load8_u (i32.const 4096)) (then
          (if (i32.eqz (i32.load8_u (i32.const 4100))) (then (call $drop_err (i32.load (i32.const 4104)))))
          ))  ;; output full or closed: swallow, a Go runtime that cannot write recurses
        (local.set $tot (i32.add (local.get $tot) (local.get $c)))
        (local.set $p (i32.add (local.get $p) (local.get $c))) (local.set $n (i32.sub (local.get $n) (local.get $c)))
        (br $l2)))
      (local.set $iov (i32.add (local.get $iov) (i32.const 8))) (local.set $cnt (i32.sub (local.get $cnt) (i32.const 1)))
      (br $l)))
    (call $drop_os (local.get $h))
    (i32.store (local.get $out) (local.get $tot)) i32.const 0)
  ;; Go only uses poll_oneoff for timers when no sockets or files are open.
  (func (export "poll_oneoff") (param $in i32) (param $outp i32) (param $n i32) (param $nev i32) (result i32)
    (local $i i32) (local $s i32) (local $best i64) (local $t i64) (local $pl i32) (local $ev i32)
    (local.set $best (i64.const -1))
    (block $done (loop $l
      (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
      (local.set $s (i32.add (local.get $in) (i32.mul (local.get $i) (i32.const 48))))
      (if (i32.load8_u offset=8 (local.get $s)) (then (return (i32.const 58)))) ;; not a clock: ENOTSUP
      (local.set $t (i64.load offset=24 (local.get $s)))
      (if (i32.and (i32.load16_u offset=40 (local.get $s)) (i32.const 1))
        (then (local.set $t (select (i64.sub (local.get $t) (call $mono_now)) (i64.const 0) (i64.gt_u (local.get $t) (call $mono_now))))))
      (if (i64.lt_u (local.get $t) (local.get $best)) (then (local.set $best (local.get $t)) (local.set $ev (local.get $s))))
      (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $l)))
    (if (i32.eqz (i32.load (i32.const 4200))) (then
      (local.set $pl (call $sub_dur (local.get $best)))
      (call $block (local.get $pl)) (call $drop_poll (local.get $pl))))
    (i64.store (local.get $outp) (i64.load (local.get $ev)))
    (i64.store offset=8 (local.get $outp) (i64.const 0)) (i64.store offset=16 (local.get $outp) (i64.const 0)) (i64.store offset=24 (local.get $outp) (i64.const 0))
    (i32.store (local.get $nev) (i32.const 1)) i32.const 0)
  (func (export "fd_close") (param i32) (result i32) i32.const 0)
  (func (export "fd_fdstat_get") (param $fd i32) (param $p i32) (result i32)
    (if (i32.gt_u (local.get $fd) (i32.const 2)) (then (return (i32.const 8))))
    (i64.store (local.get $p) (i64.const 2)) (i64.store offset=8 (local.get $p) (i64.const 0x40)) (i64.store offset=16 (local.get $p) (i64.const 0)) i32.const 0)
  (func (export "fd_fdstat_set_flags") (param i32 i32) (result i32) i32.const 0)
  (func (export "fd_prestat_get") (param i32 i32) (result i32) i32.const 8)
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) i32.const 8)
  ;; anything file/socket like: ENOSYS
  (func (export "fd_read") (param i32 i32 i32 i32) (result i32) i32.const 8)
)
