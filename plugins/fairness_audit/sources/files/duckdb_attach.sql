ATTACH $path AS crm (READ_ONLY)
