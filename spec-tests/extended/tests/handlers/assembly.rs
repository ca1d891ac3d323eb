//! Parsing of assembly text, as far as frames, calls and jumps are concerned.

/// An architecture with a tail-call backend.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    X86_64,
    Aarch64,
    Riscv64,
}

/// A function in assembly.
pub struct Function {
    /// Mangled name.
    pub symbol: String,
    /// Instructions in order, with single spaces.
    pub instructions: Vec<String>,
}

/// Returns the functions of an assembly file for ELF.
pub fn functions(assembly: &str) -> Vec<Function> {
    let mut functions: Vec<Function> = Vec::new();
    let mut is_open = false;
    for line in assembly.lines() {
        if let Some(label) = line.split_once(':').map(|(label, _)| label)
            && !line.starts_with([' ', '\t', '#', '/', '"'])
        {
            if label.starts_with(".Lfunc_end") {
                is_open = false;
            } else if !label.starts_with('.') {
                is_open = true;
                functions.push(Function {
                    symbol: label.to_owned(),
                    instructions: Vec::new(),
                });
            }
            continue;
        }
        let words: Vec<_> = line
            .split_whitespace()
            .take_while(|word| !is_comment(word))
            .collect();
        let is_directive = words.first().is_none_or(|word| word.starts_with('.'));
        if is_open
            && !is_directive
            && let Some(function) = functions.last_mut()
        {
            function.instructions.push(words.join(" "));
        }
    }
    functions
}

fn is_comment(word: &str) -> bool {
    // In aarch64 assembly, `#` begins a number.
    word == "#" || word.starts_with("//") || word.starts_with("##")
}

impl Architecture {
    /// Returns a target of this architecture.
    pub fn target(self) -> &'static str {
        match self {
            Architecture::X86_64 => "x86_64-unknown-linux-gnu",
            Architecture::Aarch64 => "aarch64-unknown-linux-gnu",
            Architecture::Riscv64 => "riscv64gc-unknown-linux-gnu",
        }
    }

    /// Returns whether an instruction uses the native stack, through its pointer or by saving a
    /// register.
    pub fn touches_stack(self, line: &str) -> bool {
        match self {
            Architecture::X86_64 => {
                line.starts_with("push") || line.starts_with("pop") || names(line, "rsp")
            }
            Architecture::Aarch64 | Architecture::Riscv64 => names(line, "sp"),
        }
    }

    /// Returns whether an instruction returns.
    pub fn is_return(self, line: &str) -> bool {
        line == "ret" || line == "retq"
    }

    /// Returns whether an instruction calls the address in a register or in memory.
    pub fn is_indirect_call(self, line: &str) -> bool {
        match self {
            Architecture::X86_64 => line.starts_with("call") && self.callee(line).is_none(),
            Architecture::Aarch64 => line.starts_with("blr"),
            // `jalr` has a register for the return address; `jr` does not.
            Architecture::Riscv64 => line.starts_with("jalr"),
        }
    }

    /// Returns the name of the function that an instruction calls.
    pub fn callee(self, line: &str) -> Option<&str> {
        let (operation, operand) = line.split_once(' ')?;
        match self {
            Architecture::X86_64 if operation.starts_with("call") => {
                // Functions of shared libraries are called through a table of addresses.
                let name = match operand.strip_prefix('*') {
                    Some(place) => place.strip_suffix("@GOTPCREL(%rip)")?,
                    None => operand,
                };
                Some(name.trim_end_matches("@PLT"))
            }
            Architecture::Aarch64 if operation == "bl" => Some(operand),
            Architecture::Riscv64 if matches!(operation, "call" | "jal") => {
                Some(operand.trim_end_matches("@plt"))
            }
            _ => None,
        }
    }

    /// Returns whether an instruction leaves the function by a jump, to the address in a register
    /// or to another function.
    pub fn is_jump_out(self, line: &str) -> bool {
        let Some((operation, operand)) = line.split_once(' ') else {
            return false;
        };
        match self {
            Architecture::X86_64 => operation.starts_with("jmp") && !operand.starts_with(".L"),
            Architecture::Aarch64 => {
                operation == "br" || operation == "b" && !operand.starts_with(".L")
            }
            Architecture::Riscv64 => operation == "jr" || operation == "tail",
        }
    }
}

/// Returns whether an instruction contains the name of a register.
fn names(line: &str, register: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric())
        .any(|word| word == register)
}

#[test]
fn instructions_are_classified() {
    let text = "\
_R1a:
\t.cfi_startproc
\tpushq\t%rbx
\tcallq\t*memmove@GOTPCREL(%rip) # a comment
.LBB0_1:
\tcallq\t*8(%rdi)
\tjmpq\t*%rax
.Lfunc_end0:
\t.size\t_R1a, .Lfunc_end0-_R1a
\t.long 1
";
    let functions = functions(text);
    assert_eq!(functions.len(), 1);
    let lines: Vec<_> = functions[0]
        .instructions
        .iter()
        .map(String::as_str)
        .collect();
    let x86 = Architecture::X86_64;
    assert_eq!(
        lines,
        [
            "pushq %rbx",
            "callq *memmove@GOTPCREL(%rip)",
            "callq *8(%rdi)",
            "jmpq *%rax"
        ]
    );
    assert!(x86.touches_stack(lines[0]));
    assert_eq!(x86.callee(lines[1]), Some("memmove"));
    assert!(!x86.is_indirect_call(lines[1]) && x86.is_indirect_call(lines[2]));
    assert!(x86.is_jump_out(lines[3]) && !x86.is_jump_out("jmp .LBB0_1"));

    let arm = Architecture::Aarch64;
    assert!(arm.touches_stack("stp x29, x30, [sp, #-16]!") && !arm.touches_stack("mov x1, #5"));
    assert!(arm.is_indirect_call("blr x8") && arm.is_jump_out("br x8"));
    assert_eq!(arm.callee("bl memmove"), Some("memmove"));

    let riscv = Architecture::Riscv64;
    assert!(riscv.is_indirect_call("jalr a5") && riscv.is_jump_out("jr a5"));
    assert!(riscv.is_return("ret") && riscv.touches_stack("addi sp, sp, -16"));
}
