//! The `backstitch` command: runs WebAssembly programs and test scripts, and
//! shows what they are translated to.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
