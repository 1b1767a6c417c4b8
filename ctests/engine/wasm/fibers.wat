;; What the guest does with the engine, without Python: each export is called through WebAssembly.promising.
(module
  (import "engine" "promise_state" (func $promise_state (param externref) (result i32)))
  (import "engine" "promise_result" (func $promise_result (param externref) (result externref)))
  (import "engine" "suspend" (func $suspend (param i32 externref) (result externref)))
  (import "engine" "JSTag" (tag $js (param externref)))
  ;; Calls the function that it is given, so that a JavaScript frame stands on the stack.
  (import "test" "call" (func $call (param externref)))

  ;; How many exceptions of JavaScript `wait_catching` has caught.
  (global $caught (export "caught") (mut i32) (i32.const 0))

  ;; FiberCounts of jspi/util/fiber_counts.h, as far as these fibers are counted.
  (memory (export "memory") 1)
  (global $counts (export "counts") i32 (i32.const 16))
  (global $created i32 (i32.const 16))
  (global $live i32 (i32.const 24))
  (global $peak i32 (i32.const 28))
  (global $suspended i32 (i32.const 40))

  (func $count (param $place i32) (param $change i32)
    (i32.store (local.get $place) (i32.add (i32.load (local.get $place)) (local.get $change))))

  ;; A whole life: suspended, then done.
  (func (export "run") (param $fiber i32) (param $promise externref) (result externref)
    (local $result externref)
    (call $count (global.get $created) (i32.const 1))
    (call $count (global.get $live) (i32.const 1))
    (if (i32.gt_u (i32.load (global.get $live)) (i32.load (global.get $peak)))
      (then (call $count (global.get $peak) (i32.const 1))))
    (call $count (global.get $suspended) (i32.const 1))
    (local.set $result (call $wait_catching (local.get $fiber) (local.get $promise)))
    (call $count (global.get $suspended) (i32.const -1))
    (call $count (global.get $live) (i32.const -1))
    (local.get $result))

  (func (export "wait") (param $fiber i32) (param $promise externref) (result externref)
    (call $suspend (local.get $fiber) (local.get $promise)))

  (func $wait_catching (export "wait_catching") (param $fiber i32) (param $promise externref) (result externref)
    (block $thrown (result externref)
      (return
        (try_table (result externref) (catch $js $thrown)
          (call $suspend (local.get $fiber) (local.get $promise)))))
    (global.set $caught (i32.add (global.get $caught) (i32.const 1))))

  (func (export "through_js") (param $function externref)
    (call $call (local.get $function)))

  ;; The guest's peek: the value of a fulfilled promise, null for all else.
  (func (export "peek") (param $promise externref) (result externref)
    (if (result externref) (i32.eq (call $promise_state (local.get $promise)) (i32.const 1))
      (then (call $promise_result (local.get $promise)))
      (else (ref.null extern)))))
