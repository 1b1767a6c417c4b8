# uint32_t blockon_table_size(): how many slots the table of functions has, which C cannot ask.
	.tabletype	__indirect_function_table, funcref

	.section	.text.blockon_table_size,"",@
	.hidden	blockon_table_size
	.globl	blockon_table_size
	.type	blockon_table_size,@function
blockon_table_size:
	.functype	blockon_table_size () -> (i32)
	table.size	__indirect_function_table
	end_function
