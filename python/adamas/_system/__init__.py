"""Services of the operating system: files, address space, interrupts, threads."""
