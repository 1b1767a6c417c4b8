;; Functions without an export, known by what they call: one that is replaced, and calls that are sent elsewhere in some only.
;;
;; RUN: rm -rf %t && split-file %s %t
;; RUN: blockon-opt %t/module.wat --routes %t/routes.txt -S -o - | FileCheck %s

;--- routes.txt
caller first+second stand_in
within 2 first+third first other_first
within 1 first+third+fourth third other_third

;--- module.wat
(module
  (table $table (export "table") 1 funcref)
  ;; CHECK: (elem $slots (i32.const 0) $blockon$stand_in)
  (elem $slots (table $table) (i32.const 0) func $both)

  (func $first (export "first") (result i32) (i32.const 1))
  (func $second (export "second") (result i32) (i32.const 2))
  (func $third (export "third") (result i32) (i32.const 3))
  (func $fourth (export "fourth") (result i32) (i32.const 4))

  ;; CHECK-LABEL: (func $both (result
  (func $both (result i32)
    (i32.add (call $first) (call $second)))

  ;; CHECK-LABEL: (func $calls_it (result
  ;; CHECK-NEXT:    (call $blockon$stand_in)
  (func $calls_it (result i32)
    (call $both))

  ;; What is exported is no match: its name is its own.
  ;; CHECK-LABEL: (func $exported (result
  ;; CHECK:         (call $first)
  ;; CHECK-NEXT:    (call $third)
  (func $exported (export "exported") (result i32)
    (i32.add (call $first) (call $third)))

  ;; CHECK-LABEL: (func $inlined (result
  ;; CHECK:         (call $blockon$other_first)
  ;; CHECK-NEXT:    (call $third)
  (func $inlined (result i32)
    (i32.add (call $first) (call $third)))

  ;; CHECK-LABEL: (func $inlined_too (result
  ;; CHECK:         (call $blockon$other_first)
  ;; CHECK:         (call $blockon$other_third)
  ;; CHECK-NEXT:    (call $fourth)
  (func $inlined_too (result i32)
    (i32.add (call $first) (i32.add (call $third) (call $fourth))))

  (func $blockon$stand_in (export "stand_in") (result i32) (i32.const 10))
  (func $blockon$other_first (export "other_first") (result i32) (i32.const 11))
  (func $blockon$other_third (export "other_third") (result i32) (i32.const 13)))
