// Jumps do not exist in the C library for WASI. Scripts that succeed need none.
typedef int jmp_buf[1];
