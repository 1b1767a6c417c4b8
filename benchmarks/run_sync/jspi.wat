;; V8's own price of a wait: loops that do nothing else, without Python and without an engine.
(module
  ;; A WebAssembly.Suspending over a function that returns a promise.
  (import "bench" "wait" (func $wait (result externref)))
  ;; The same function as it is: wasm gets the promise and drops it.
  (import "bench" "make" (func $make (result externref)))

  (func (export "wait") (param $n i32)
    (loop $again
      (drop (call $wait))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  (func (export "make") (param $n i32)
    (loop $again
      (drop (call $make))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  (func (export "nothing") (result i32)
    (i32.const 1)))
