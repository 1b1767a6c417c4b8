# The only code that moves the C stack pointer between the event loop's stack and a fiber's.
#
# It is assembly because a C++ function that changes __stack_pointer would restore its own value of it on the
# way out, and because C++ has no way to catch a JavaScript exception (tag JSTag of the realm that the
# instance is linked in). V8 switches its own stack inside the import `suspend`; these functions see to it that
# the C stack follows. fiber.h has the picture and the invariants that the calls below check.

	.globaltype	__stack_pointer, i32
	.tagtype	__blockon_jstag externref

	.functype	blockon_import_suspend (i32, externref) -> (externref)
	.import_module	blockon_import_suspend, blockon
	.import_name	blockon_import_suspend, suspend

	.functype	blockon_import_next_work (i32) -> (i32)
	.import_module	blockon_import_next_work, blockon
	.import_name	blockon_import_next_work, next_work

	.functype	blockon_import_pass () -> ()
	.import_module	blockon_import_pass, blockon
	.import_name	blockon_import_pass, pass

	.functype	blockon_fiber_enter (i32, i32) -> (i32)
	.functype	blockon_fiber_leave (i32, i32) -> (i32)
	.functype	blockon_fiber_before_suspend (i32, i32) -> (i32)
	.functype	blockon_fiber_after_resume (i32, i32, i32) -> (i32)
	.functype	blockon_fiber_may_resume (i32, i32) -> (i32)
	.functype	blockon_fiber_id (i32) -> (i32)
	.functype	blockon_may_begin (i32) -> (i32)
	.functype	blockon_begin_work (i32) -> (i32)
	.functype	blockon_work_on_fiber (i32, i32) -> (externref)
	.functype	blockon_refuse_work (i32) -> (i32)
	.functype	blockon_end_work (i32, i32, externref) -> (i32)
	.functype	blockon_main_on_fiber (i32) -> (i32)

# void blockon_work(carrier, work): runs it, and then what next_work gives, until that gives none. No C++ frame
# lies on the main stack while it suspends.
	.section	.text.blockon_work,"",@
	.globl	blockon_work
	.type	blockon_work,@function
blockon_work:
	.functype	blockon_work (i32, i32) -> ()
	.local	i32, externref
	loop
	loop
	local.get	1
	call	blockon_may_begin
	i32.eqz
	if
	call	blockon_import_pass
	br	1
	end_if
	end_loop
	local.get	1
	call	blockon_begin_work
	local.tee	2
	if
	local.get	2
	global.get	__stack_pointer
	call	blockon_fiber_enter
	global.set	__stack_pointer
	local.get	2
	local.get	1
	call	blockon_work_on_fiber
	local.set	3
	local.get	2
	global.get	__stack_pointer
	call	blockon_fiber_leave
	global.set	__stack_pointer
	local.get	2
	local.get	1
	local.get	3
	call	blockon_end_work
	local.set	1
	ref.null_extern
	local.set	3
	else
	local.get	1
	call	blockon_refuse_work
	local.set	1
	end_if
	local.get	1
	i32.const	0
	i32.ge_s
	br_if	0
	local.get	0
	call	blockon_import_next_work
	local.tee	1
	i32.const	0
	i32.ge_s
	br_if	0
	end_loop
	end_function

# int blockon_switch_and_run_main(fiber)
	.section	.text.blockon_switch_and_run_main,"",@
	.hidden	blockon_switch_and_run_main
	.globl	blockon_switch_and_run_main
	.type	blockon_switch_and_run_main,@function
blockon_switch_and_run_main:
	.functype	blockon_switch_and_run_main (i32) -> (i32)
	.local	i32
	local.get	0
	global.get	__stack_pointer
	call	blockon_fiber_enter
	global.set	__stack_pointer
	local.get	0
	call	blockon_main_on_fiber
	local.set	1
	local.get	0
	global.get	__stack_pointer
	call	blockon_fiber_leave
	global.set	__stack_pointer
	local.get	1
	end_function

# externref blockon_switch_and_suspend(fiber, promise): the promise's value, or what it was rejected with
# (the fiber's `thrown` tells which). Fiber::MayResume says when it goes on; before that nothing is touched.
	.section	.text.blockon_switch_and_suspend,"",@
	.hidden	blockon_switch_and_suspend
	.globl	blockon_switch_and_suspend
	.type	blockon_switch_and_suspend,@function
blockon_switch_and_suspend:
	.functype	blockon_switch_and_suspend (i32, externref) -> (externref)
	.local	i32, i32
	local.get	0
	global.get	__stack_pointer
	call	blockon_fiber_before_suspend
	global.set	__stack_pointer
	loop
	i32.const	0
	local.set	2
	try
	local.get	0
	call	blockon_fiber_id
	local.get	1
	call	blockon_import_suspend
	local.set	1
	catch	__blockon_jstag
	local.set	1
	i32.const	1
	local.set	2
	end_try
	loop
	local.get	0
	local.get	2
	call	blockon_fiber_may_resume
	local.tee	3
	i32.const	1
	i32.eq
	if
	call	blockon_import_pass
	br	1
	end_if
	end_loop
	local.get	3
	if
	ref.null_extern
	local.set	1
	br	1
	end_if
	end_loop
	local.get	0
	global.get	__stack_pointer
	local.get	2
	call	blockon_fiber_after_resume
	global.set	__stack_pointer
	local.get	1
	end_function

# uint32_t blockon_stack_pointer()
	.section	.text.blockon_stack_pointer,"",@
	.hidden	blockon_stack_pointer
	.globl	blockon_stack_pointer
	.type	blockon_stack_pointer,@function
blockon_stack_pointer:
	.functype	blockon_stack_pointer () -> (i32)
	global.get	__stack_pointer
	end_function
