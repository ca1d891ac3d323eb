//! The `backstitch` command: runs WebAssembly programs and test scripts, prints translated code
//! and inspects core dumps.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
