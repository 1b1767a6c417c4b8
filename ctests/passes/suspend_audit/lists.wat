;; What reaches a suspension: by direct calls, through the table by type, and over imports that call back.
;;
;; RUN: rm -rf %t && mkdir -p %t
;; RUN: blockon-opt %s --suspend-audit env.suspend > %t/plain.txt
;; RUN: FileCheck %s --match-full-lines --strict-whitespace --check-prefix AUDIT --input-file %t/plain.txt
;; RUN: blockon-opt %s --suspend-audit env.suspend,%S/Inputs/frames.txt > %t/frames.txt
;; RUN: FileCheck %s --match-full-lines --strict-whitespace --check-prefixes AUDIT,FRAMES --input-file %t/frames.txt
;;
;;      AUDIT:suspending import env.suspend
;; AUDIT-NEXT:reached by direct calls from 4 functions, through the table as well from 6
;; AUDIT-NEXT:reached by direct calls from 3 exports:
;; AUDIT-NEXT:  also_direct
;; AUDIT-NEXT:  direct
;; AUDIT-NEXT:  nested
;; FRAMES-NEXT:JavaScript frames that may stand below a suspension: 2 imports:
;; FRAMES-NEXT:  env.call_back (by a table slot): direct callers 2, exports that reach it 2, in the table
;; FRAMES-NEXT:  env.unused (never): direct callers 0, exports that reach it 0
;; AUDIT-NOT:{{.+}}
;;
;; Nothing changes.
;; RUN: blockon-opt %s -o %t/before.wasm
;; RUN: blockon-opt %s --suspend-audit env.suspend -o %t/after.wasm && cmp %t/before.wasm %t/after.wasm

(module
  (import "env" "suspend" (func $suspend (param i32)))
  (import "env" "call_back" (func $call_back (param i64)))
  (import "env" "unused" (func $unused))
  (memory (export "memory") 1)
  (table $table 3 funcref)
  (elem (table $table) (i32.const 0) func $in_table $call_back)

  (func $direct (export "direct") (export "also_direct") (call $suspend (i32.const 1)))
  (func $nested (export "nested") (call $inner))
  (func $inner (call $direct))
  ;; In the table, so that whoever calls its type may reach it.
  (func $in_table (param i32) (call $inner))
  (func $through_table (export "through_table")
    (call_indirect $table (param i32) (i32.const 1) (i32.const 0)))
  (func $over_it (export "over_it") (call $through_table))
  ;; Another type, and the type of functions that reach the import and are in no table.
  (func (export "another_type")
    (call_indirect $table (param f32) (f32.const 1) (i32.const 0)))
  (func (export "not_in_table") (call_indirect $table (i32.const 0)))
  (func $calls_back (export "calls_back") (call $call_back (i64.const 1)))
  (func (export "calls_back_too") (call $calls_back) (call $call_back (i64.const 1)))
  ;; A call through the table is no direct one.
  (func (export "calls_back_by_table")
    (call_indirect $table (param i64) (i64.const 1) (i32.const 1)))
  (func (export "alone")))
