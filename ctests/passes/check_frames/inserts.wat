;; Where the stack pointer is moved and put back.
;;
;; RUN: rm -rf %t && mkdir -p %t
;; RUN: blockon-opt %s --check-frames %S/Inputs/inserts.txt -S -o %t/framed.wat
;; RUN: FileCheck %s --input-file %t/framed.wat
;; One frame each for check, named, no_value, values and endless: guests, imports and the others get none.
;; RUN: grep -c "i32.const 48" %t/framed.wat | FileCheck %s --check-prefix COUNT
;; COUNT: 5

(module
  (func $outside (export "outside") (import "env" "outside"))
  (global $sp (export "__stack_pointer") (mut i32) (i32.const 4096))

  ;; CHECK-LABEL: (func $check{{$}}
  ;; CHECK:         (global.set $sp
  (func $check (export "check") (nop))

  ;; Named, and named twice.
  ;; CHECK-LABEL: (func $named (param $0 i32) (result i32)
  ;; CHECK-NEXT:    (local $1 i32)
  ;; CHECK-NEXT:    (local $2 i32)
  ;; CHECK-NEXT:    (local.set $1
  ;; CHECK-NEXT:     (global.get $sp)
  ;; CHECK-NEXT:    )
  ;; CHECK-NEXT:    (global.set $sp
  ;; CHECK-NEXT:     (i32.sub
  ;; CHECK-NEXT:      (local.get $1)
  ;; CHECK-NEXT:      (i32.const 48)
  ;; CHECK-NEXT:     )
  ;; CHECK-NEXT:    )
  ;; CHECK-NEXT:    (local.set $2
  ;; CHECK-NEXT:     (i32.add
  ;; CHECK-NEXT:      (local.get $0)
  ;; CHECK-NEXT:      (i32.const 1)
  ;; CHECK-NEXT:     )
  ;; CHECK-NEXT:    )
  ;; CHECK-NEXT:    (global.set $sp
  ;; CHECK-NEXT:     (local.get $1)
  ;; CHECK-NEXT:    )
  ;; CHECK-NEXT:    (local.get $2)
  ;; CHECK-NEXT:   )
  (func $named (export "named") (param i32) (result i32)
    (i32.add (local.get 0) (i32.const 1)))

  ;; A caller, by `callers`: a return without a value, and the end.
  ;; CHECK-LABEL: (func $no_value (param $0 i32)
  ;; CHECK:           (then
  ;; CHECK-NEXT:       (global.set $sp
  ;; CHECK-NEXT:        (local.get $1)
  ;; CHECK-NEXT:       )
  ;; CHECK-NEXT:       (return)
  ;; CHECK:         (call $check)
  ;; CHECK:         (global.set $sp
  ;; CHECK-NEXT:     (local.get $1)
  ;; CHECK-NEXT:    )
  ;; CHECK-NEXT:   )
  (func $no_value (param i32)
    (if (local.get 0) (then (return)))
    (call $check))

  ;; The value is computed before the frame goes.
  ;; CHECK-LABEL: (func $values (param $0 i32) (result i32)
  ;; CHECK:            (then
  ;; CHECK-NEXT:       (local.set $2
  ;; CHECK-NEXT:        (call $named
  ;; CHECK-NEXT:         (i32.const 5)
  ;; CHECK-NEXT:        )
  ;; CHECK-NEXT:       )
  ;; CHECK-NEXT:       (global.set $sp
  ;; CHECK-NEXT:        (local.get $1)
  ;; CHECK-NEXT:       )
  ;; CHECK-NEXT:       (return
  ;; CHECK-NEXT:        (local.get $2)
  ;; CHECK-NEXT:       )
  (func $values (param i32) (result i32)
    (call $check)
    (if (local.get 0) (then (return (call $named (i32.const 5)))))
    (i32.const 7))

  ;; No way out, nothing to put back.
  ;; CHECK-LABEL: (func $endless{{$}}
  ;; CHECK:         (global.set $sp
  ;; CHECK:         (call $check)
  ;; CHECK-NOT:     global.set
  ;; CHECK-LABEL: (func $bystander
  ;; CHECK-NOT:     global
  (func $endless (loop $again (call $check) (br $again)))

  ;; Calls, but not the check.
  (func $bystander (drop (call $named (i32.const 1))))

  ;; CHECK-LABEL: (func $blockon$guest{{$}}
  ;; CHECK-NOT:     global
  (func $blockon$guest (export "guest") (call $check)))
