;; What reaches a suspension by way of functions that are set aside, and otherwise.
;;
;; RUN: blockon-opt %s --suspend-audit env.suspend,%S/Inputs/no_frames.txt,%S/Inputs/cuts.txt > %t
;; RUN: FileCheck %s --match-full-lines --strict-whitespace --input-file %t
;;
;;      CHECK:suspending import env.suspend
;; CHECK-NEXT:reached by direct calls from 6 functions, through the table as well from 7
;; CHECK-NEXT:by way of 2 functions that are set aside alone: 4 functions, 3 exports
;; CHECK-NEXT:otherwise reached by direct calls from 2 functions, through the table as well from 2
;; CHECK-NEXT:otherwise reached by direct calls from 2 exports:
;; CHECK-NEXT:  both
;; CHECK-NEXT:  run_sync
;; CHECK-NEXT:JavaScript frames that may stand below a suspension: 0 imports:
;; CHECK-NOT:{{.+}}

(module
  (import "env" "suspend" (func $suspend))
  (table $table 1 funcref)
  (elem (table $table) (i32.const 0) func $through_a_lock)

  (func $lock (export "lock") (call $suspend))
  (func $other_lock (export "other_lock") (call $inner))
  (func $inner (call $lock))
  (func $run_sync (export "run_sync") (call $suspend))
  (func $through_a_lock (export "through_a_lock") (param i32) (call $other_lock))
  ;; Reached both ways: it is listed.
  (func (export "both") (call $lock) (call $run_sync))
  (func (export "by_table") (call_indirect $table (param i32) (i32.const 1) (i32.const 0))))
