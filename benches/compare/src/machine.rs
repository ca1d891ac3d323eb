//! Description of the machine and the build, for the head of every report.

use std::env;
use std::fs;
use std::thread::available_parallelism;

use crate::runtime::Runtime;
use crate::version;

/// Returns the machine, the compilers, the runtimes and the command line, as a Markdown list.
pub fn describe(runtimes: &[Box<dyn Runtime>]) -> String {
    let threads = available_parallelism().map_or(1, usize::from);
    let versions: Vec<String> = runtimes.iter().map(|runtime| runtime.version()).collect();
    let command: Vec<String> = env::args().collect();
    format!(
        "- machine: {} ({}, {}), {threads} hardware threads{}\n- runtimes: {}\n- compilers: {}; {} \
         for the peers in C\n- command: `{}`\n",
        processor(),
        env::consts::ARCH,
        env::consts::OS,
        load().map_or(String::new(), |load| format!(
            ", load average {load} at the start"
        )),
        versions.join(", "),
        version::RUSTC,
        version::CC,
        command.join(" "),
    )
}

fn processor() -> String {
    fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            ["model name", "Model", "cpu", "uarch"]
                .iter()
                .find_map(|key| {
                    text.lines().find_map(|line| {
                        let (name, value) = line.split_once(':')?;
                        (name.trim() == *key).then(|| value.trim().to_owned())
                    })
                })
        })
        .unwrap_or_else(|| "unknown processor".into())
}

/// Returns the load average. A busy machine explains wide spreads.
fn load() -> Option<String> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next().map(str::to_owned)
}
