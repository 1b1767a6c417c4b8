# What each wasm instance has for itself although memory may come from another one: a memory snapshot restores linear
# memory, but no global and no table. instance.h says who asks.

	.globaltype	__blockon_instance_used, i32
	.globl	__blockon_instance_used
	.hidden	__blockon_instance_used
__blockon_instance_used:

# int blockon_is_new_instance(part): 1 for the first call with this bit in an instance, then 0.
	.section	.text.blockon_is_new_instance,"",@
	.hidden	blockon_is_new_instance
	.globl	blockon_is_new_instance
	.type	blockon_is_new_instance,@function
blockon_is_new_instance:
	.functype	blockon_is_new_instance (i32) -> (i32)
	global.get	__blockon_instance_used
	local.get	0
	i32.and
	i32.eqz
	global.get	__blockon_instance_used
	local.get	0
	i32.or
	global.set	__blockon_instance_used
	end_function
