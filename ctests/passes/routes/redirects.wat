;; Every kind of use goes to the guest, except the guest's own.
;;
;; RUN: rm -rf %t && mkdir -p %t
;; RUN: blockon-opt %s --routes %S/Inputs/redirects.txt -S -o - | FileCheck %s
;; RUN: blockon-opt %s --routes %S/Inputs/redirects.txt -o %t/routed.wasm
;; RUN: node %S/Inputs/redirects.mjs %t/routed.wasm | FileCheck %s --check-prefix RESULT
;;
;; original(x) is x + 1 and stand_in(x) is original(x) + 1000, whoever calls.
;;      RESULT: original 1002
;; RESULT-NEXT: caller 1002
;; RESULT-NEXT: by_table 1002
;; RESULT-NEXT: calls_outside 107
;; RESULT-NEXT: outside_by_table 107
;; RESULT-NEXT: stand_in 1002
;; RESULT-NEXT: untouched 2

(module
  ;; CHECK: (import "env" "outside" (func $outside (result i32)))
  (import "env" "outside" (func $outside (result i32)))
  (table $table (export "table") 3 funcref)
  ;; CHECK: (elem $slots (i32.const 0) $blockon$stand_in $untouched $blockon$guest_outside)
  (elem $slots (table $table) (i32.const 0) func $original $untouched $outside)
  (elem declare func $original $outside)
  ;; CHECK: (export "original" (func $blockon$stand_in))
  ;; CHECK: (export "stand_in" (func $blockon$stand_in))

  ;; CHECK-LABEL: (func $original (param
  (func $original (export "original") (param i32) (result i32)
    (i32.add (local.get 0) (i32.const 1)))

  ;; CHECK-LABEL: (func $caller (param
  ;; CHECK-NEXT:    (drop
  ;; CHECK-NEXT:     (ref.func $blockon$stand_in)
  ;; CHECK-NEXT:    )
  ;; CHECK-NEXT:    (call $blockon$stand_in
  (func $caller (export "caller") (param i32) (result i32)
    (drop (ref.func $original))
    (call $original (local.get 0)))

  (func $by_table (export "by_table") (param i32) (result i32)
    (call_indirect $table (param i32) (result i32) (local.get 0) (i32.const 0)))

  ;; CHECK-LABEL: (func $calls_outside (result
  ;; CHECK-NEXT:    (drop
  ;; CHECK-NEXT:     (ref.func $blockon$guest_outside)
  ;; CHECK-NEXT:    )
  ;; CHECK-NEXT:    (call $blockon$guest_outside)
  (func $calls_outside (export "calls_outside") (result i32)
    (drop (ref.func $outside))
    (call $outside))

  (func $outside_by_table (export "outside_by_table") (result i32)
    (call_indirect $table (result i32) (i32.const 2)))

  ;; A function of the same type that has no route.
  ;; CHECK-LABEL: (func $untouched (param
  (func $untouched (export "untouched") (param i32) (result i32)
    (i32.add (local.get 0) (i32.const 1)))

  ;; CHECK-LABEL: (func $blockon$stand_in (param
  ;; CHECK:         (call $original
  (func $blockon$stand_in (export "stand_in") (param i32) (result i32)
    (i32.add (call $original (local.get 0)) (i32.const 1000)))

  ;; CHECK-LABEL: (func $blockon$guest_outside (result
  ;; CHECK:         (call $outside)
  (func $blockon$guest_outside (export "guest_outside") (result i32)
    (i32.add (call $outside) (i32.const 7))))
