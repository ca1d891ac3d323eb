//! A guest that the tests control: its module re-exports all functions of preview 1 and a memory,
//! and has no code of its own.

use backstitch::wasi::{
    self, Deterministic, DirPerms, Errno, FilePerms, MemoryDirectory, MemoryOutputPipe, WasiCtx,
    WasiCtxBuilder,
};
use backstitch::{Config, Engine, Instance, Linker, Memory, Module, Store, Val};
use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Functions of preview 1 and their parameters: `i` for `i32`, `l` for `i64`.
const FUNCTIONS: &[(&str, &str)] = &[
    ("args_get", "ii"),
    ("args_sizes_get", "ii"),
    ("clock_res_get", "ii"),
    ("clock_time_get", "ili"),
    ("environ_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("fd_advise", "illi"),
    ("fd_allocate", "ill"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_fdstat_set_rights", "ill"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "il"),
    ("fd_filestat_set_times", "illi"),
    ("fd_pread", "iiili"),
    ("fd_prestat_dir_name", "iii"),
    ("fd_prestat_get", "ii"),
    ("fd_pwrite", "iiili"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiili"),
    ("fd_renumber", "ii"),
    ("fd_seek", "ilii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiilli"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiillii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
    ("poll_oneoff", "iiii"),
    ("proc_exit", "i"),
    ("proc_raise", "i"),
    ("random_get", "ii"),
    ("sched_yield", ""),
    ("sock_accept", "iii"),
    ("sock_recv", "iiiiii"),
    ("sock_send", "iiiii"),
    ("sock_shutdown", "ii"),
];

/// Returns the module's text.
fn text() -> String {
    let mut imports = String::new();
    let mut wrappers = String::new();
    for (name, params) in FUNCTIONS {
        let types: Vec<_> = params
            .chars()
            .map(|kind| if kind == 'i' { "i32" } else { "i64" })
            .collect();
        let ty = match (*name, types.is_empty()) {
            ("proc_exit", _) => "(param i32)".to_string(),
            (_, true) => "(result i32)".to_string(),
            _ => format!("(param {}) (result i32)", types.join(" ")),
        };
        imports += &format!("(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} {ty}))\n");
        let gets: String = (0..types.len())
            .map(|index| format!("(local.get {index})"))
            .collect();
        wrappers += &format!("(func (export \"{name}\") {ty} (call ${name} {gets}))\n");
    }
    format!("(module {imports} (memory (export \"memory\") 4) {wrappers})")
}

fn module() -> &'static (Engine, Module) {
    static MODULE: OnceLock<(Engine, Module)> = OnceLock::new();
    MODULE.get_or_init(|| {
        let mut config = Config::new();
        config.consume_fuel(true);
        let engine = Engine::new(&config).expect("an engine");
        let module = Module::new(&engine, text()).expect("the module is valid");
        (engine, module)
    })
}

/// A folder of the operating system for one test, which is removed at its end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("wasi")
            .join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder for the test");
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Location of a guest's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    System,
    Memory,
}

/// Runs a test with files of the operating system and with files in memory.
pub fn everywhere(test: impl Fn(Guest)) {
    for on in [On::System, On::Memory] {
        println!("on {on:?}:");
        test(Guest::on(on));
    }
}

pub type Answer<T = ()> = Result<T, u16>;

/// The answer of a call that fails with an error number of preview 1.
pub fn no<T>(errno: Errno) -> Answer<T> {
    Err(errno.number())
}

/// Rights, with the bits of the specification.
pub mod right {
    pub const FD_DATASYNC: i64 = 1;
    pub const FD_READ: i64 = 1 << 1;
    pub const FD_SEEK: i64 = 1 << 2;
    pub const FD_FDSTAT_SET_FLAGS: i64 = 1 << 3;
    pub const FD_SYNC: i64 = 1 << 4;
    pub const FD_TELL: i64 = 1 << 5;
    pub const FD_WRITE: i64 = 1 << 6;
    pub const FD_ADVISE: i64 = 1 << 7;
    pub const FD_ALLOCATE: i64 = 1 << 8;
    pub const PATH_CREATE_DIRECTORY: i64 = 1 << 9;
    pub const PATH_CREATE_FILE: i64 = 1 << 10;
    pub const PATH_LINK_SOURCE: i64 = 1 << 11;
    pub const PATH_LINK_TARGET: i64 = 1 << 12;
    pub const PATH_OPEN: i64 = 1 << 13;
    pub const FD_READDIR: i64 = 1 << 14;
    pub const PATH_READLINK: i64 = 1 << 15;
    pub const PATH_RENAME_SOURCE: i64 = 1 << 16;
    pub const PATH_RENAME_TARGET: i64 = 1 << 17;
    pub const PATH_FILESTAT_GET: i64 = 1 << 18;
    pub const PATH_FILESTAT_SET_SIZE: i64 = 1 << 19;
    pub const PATH_FILESTAT_SET_TIMES: i64 = 1 << 20;
    pub const FD_FILESTAT_GET: i64 = 1 << 21;
    pub const FD_FILESTAT_SET_SIZE: i64 = 1 << 22;
    pub const FD_FILESTAT_SET_TIMES: i64 = 1 << 23;
    pub const PATH_SYMLINK: i64 = 1 << 24;
    pub const PATH_REMOVE_DIRECTORY: i64 = 1 << 25;
    pub const PATH_UNLINK_FILE: i64 = 1 << 26;
    pub const POLL_FD_READWRITE: i64 = 1 << 27;
}

/// Flags of `path_open`.
pub const CREATE: i32 = 1;
pub const DIRECTORY: i32 = 2;
pub const EXCLUSIVE: i32 = 4;
pub const TRUNCATE: i32 = 8;

/// Flags of descriptors.
pub const APPEND: i32 = 1;
pub const DSYNC: i32 = 2;
pub const NONBLOCK: i32 = 4;

pub const READ_WRITE: i64 = right::FD_READ | right::FD_WRITE;

/// Descriptor of the directory that every guest has preopened.
pub const ROOT: i32 = 3;

/// Result of `fd_fdstat_get`.
#[derive(Debug, PartialEq, Eq)]
pub struct FdStat {
    pub kind: u8,
    pub flags: u16,
    pub base: i64,
    pub inheriting: i64,
}

/// Result of `fd_filestat_get`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStat {
    pub inode: u64,
    pub kind: u8,
    pub links: u64,
    pub size: u64,
    pub accessed: u64,
    pub modified: u64,
}

/// Address of results.
const RESULT: i32 = 0;
/// Address of the buffer for paths.
const PATHS: i32 = 4096;
/// Address of the buffer for data.
pub const DATA: i32 = 16384;

pub struct Guest {
    pub store: Store<WasiCtx>,
    pub instance: Instance,
    pub memory: Memory,
    pub stdout: MemoryOutputPipe,
    /// Folder of the files, if they are the operating system's.
    pub folder: Option<Folder>,
    next_path: Cell<i32>,
}

impl Guest {
    pub fn on(on: On) -> Guest {
        Guest::with(on, |_| {})
    }

    /// Creates a guest. `change` configures its context.
    pub fn with(on: On, change: impl FnOnce(&mut WasiCtxBuilder)) -> Guest {
        let (mut builder, folder) = match on {
            On::System => {
                let folder = Folder::new();
                let mut builder = WasiCtxBuilder::new();
                builder
                    .preopened_dir(folder.path(), "/", DirPerms::all(), FilePerms::all())
                    .expect("the folder can be opened");
                (builder, Some(folder))
            }
            On::Memory => {
                let host = Deterministic::new(1);
                let files = MemoryDirectory::new(host.time());
                let mut builder = WasiCtxBuilder::with_host(host);
                builder.preopen(files, "/");
                (builder, None)
            }
        };
        let stdout = MemoryOutputPipe::new(1 << 20);
        builder.stdout(stdout.clone());
        change(&mut builder);
        Guest::of(builder.build(), stdout, folder)
    }

    pub fn of(ctx: WasiCtx, stdout: MemoryOutputPipe, folder: Option<Folder>) -> Guest {
        let (engine, module) = module();
        let mut store = Store::new(engine, ctx);
        store.set_fuel(u64::MAX).expect("fuel is counted");
        let mut linker = Linker::new(engine);
        wasi::add_to_linker(&mut linker, |ctx| ctx).expect("no import is defined twice");
        let instance = linker.instantiate(&mut store, module).expect("an instance");
        let memory = instance.get_memory(&mut store, "memory").expect("a memory");
        Guest {
            store,
            instance,
            memory,
            stdout,
            folder,
            next_path: Cell::new(PATHS),
        }
    }

    /// Calls a function; the arguments are converted to the types of its parameters.
    #[track_caller]
    pub fn call(&mut self, name: &str, arguments: &[i64]) -> Answer {
        let function = self
            .instance
            .get_func(&mut self.store, name)
            .expect("a function of preview 1");
        let arguments = values(name, arguments);
        let mut results = [Val::I32(0)];
        function
            .call(&mut self.store, &arguments, &mut results)
            .expect("the call returns");
        match results[0].unwrap_i32() {
            0 => Ok(()),
            errno => Err(errno as u16),
        }
    }

    pub fn bytes(&self, at: i32, len: usize) -> Vec<u8> {
        let at = at as usize;
        self.memory.data(&self.store)[at..at + len].to_vec()
    }

    pub fn put(&mut self, at: i32, bytes: &[u8]) {
        self.memory
            .write(&mut self.store, at as usize, bytes)
            .expect("the memory is large enough");
    }

    pub fn word(&self, at: i32) -> u32 {
        u32::from_le_bytes(self.bytes(at, 4).try_into().expect("four bytes"))
    }

    pub fn long(&self, at: i32) -> u64 {
        u64::from_le_bytes(self.bytes(at, 8).try_into().expect("eight bytes"))
    }

    /// Writes a path to memory and returns its address and length.
    pub fn path(&mut self, path: impl AsRef<[u8]>) -> (i64, i64) {
        let path = path.as_ref();
        let at = self.next_path.get();
        let end = at + path.len() as i32;
        let at = if end > DATA { PATHS } else { at };
        self.put(at, path);
        self.next_path.set(at + path.len() as i32);
        (at.into(), path.len() as i64)
    }

    /// Opens a path with the given flags and rights.
    #[track_caller]
    pub fn open_as(
        &mut self,
        fd: i32,
        follow: bool,
        path: impl AsRef<[u8]>,
        open: i32,
        rights: (i64, i64),
        flags: i32,
    ) -> Answer<i32> {
        let (at, len) = self.path(path);
        self.call(
            "path_open",
            &[
                fd.into(),
                follow.into(),
                at,
                len,
                open.into(),
                rights.0,
                rights.1,
                flags.into(),
                RESULT.into(),
            ],
        )?;
        Ok(self.word(RESULT) as i32)
    }

    /// Opens a path in the root, and follows links.
    #[track_caller]
    pub fn open(&mut self, path: impl AsRef<[u8]>, open: i32, base: i64) -> Answer<i32> {
        self.open_as(ROOT, true, path, open, (base, 0), 0)
    }

    /// Opens a directory in the root with all rights.
    #[track_caller]
    pub fn open_directory(&mut self, path: impl AsRef<[u8]>) -> i32 {
        let root = self.fdstat(ROOT).expect("the root is open");
        self.open_as(ROOT, true, path, DIRECTORY, (root.base, root.inheriting), 0)
            .expect("a directory")
    }

    /// Creates a file.
    #[track_caller]
    pub fn file(&mut self, path: impl AsRef<[u8]>, bytes: &[u8]) {
        let fd = self
            .open(path, CREATE | TRUNCATE, READ_WRITE)
            .expect("the file can be made");
        assert_eq!(self.write(fd, bytes), Ok(bytes.len() as u32));
        self.close(fd).expect("the file can be closed");
    }

    #[track_caller]
    pub fn contents(&mut self, path: impl AsRef<[u8]>) -> Vec<u8> {
        let fd = self.open(path, 0, right::FD_READ).expect("the file exists");
        let bytes = self.read(fd, 4096).expect("the file can be read");
        self.close(fd).expect("the file can be closed");
        bytes
    }

    pub fn close(&mut self, fd: i32) -> Answer {
        self.call("fd_close", &[fd.into()])
    }

    /// Writes one buffer for a read or a write of `len` bytes at [`DATA`], and returns the
    /// arguments.
    fn piece(&mut self, len: u32) -> [i64; 2] {
        self.put(8, &DATA.to_le_bytes());
        self.put(12, &len.to_le_bytes());
        [8, 1]
    }

    pub fn read(&mut self, fd: i32, len: u32) -> Answer<Vec<u8>> {
        let [array, count] = self.piece(len);
        self.call("fd_read", &[fd.into(), array, count, RESULT.into()])?;
        Ok(self.bytes(DATA, self.word(RESULT) as usize))
    }

    pub fn write(&mut self, fd: i32, bytes: &[u8]) -> Answer<u32> {
        self.put(DATA, bytes);
        let [array, count] = self.piece(bytes.len() as u32);
        self.call("fd_write", &[fd.into(), array, count, RESULT.into()])?;
        Ok(self.word(RESULT))
    }

    pub fn pread(&mut self, fd: i32, len: u32, offset: i64) -> Answer<Vec<u8>> {
        let [array, count] = self.piece(len);
        self.call(
            "fd_pread",
            &[fd.into(), array, count, offset, RESULT.into()],
        )?;
        Ok(self.bytes(DATA, self.word(RESULT) as usize))
    }

    pub fn pwrite(&mut self, fd: i32, bytes: &[u8], offset: i64) -> Answer<u32> {
        self.put(DATA, bytes);
        let [array, count] = self.piece(bytes.len() as u32);
        self.call(
            "fd_pwrite",
            &[fd.into(), array, count, offset, RESULT.into()],
        )?;
        Ok(self.word(RESULT))
    }

    pub fn seek(&mut self, fd: i32, delta: i64, whence: i64) -> Answer<u64> {
        self.call("fd_seek", &[fd.into(), delta, whence, RESULT.into()])?;
        Ok(self.long(RESULT))
    }

    pub fn tell(&mut self, fd: i32) -> Answer<u64> {
        self.call("fd_tell", &[fd.into(), RESULT.into()])?;
        Ok(self.long(RESULT))
    }

    pub fn fdstat(&mut self, fd: i32) -> Answer<FdStat> {
        self.call("fd_fdstat_get", &[fd.into(), RESULT.into()])?;
        Ok(FdStat {
            kind: self.bytes(RESULT, 1)[0],
            flags: self.word(RESULT + 2) as u16,
            base: self.long(RESULT + 8) as i64,
            inheriting: self.long(RESULT + 16) as i64,
        })
    }

    fn filestat(&self) -> FileStat {
        FileStat {
            inode: self.long(RESULT + 8),
            kind: self.bytes(RESULT + 16, 1)[0],
            links: self.long(RESULT + 24),
            size: self.long(RESULT + 32),
            accessed: self.long(RESULT + 40),
            modified: self.long(RESULT + 48),
        }
    }

    pub fn stat_fd(&mut self, fd: i32) -> Answer<FileStat> {
        self.call("fd_filestat_get", &[fd.into(), RESULT.into()])?;
        Ok(self.filestat())
    }

    pub fn stat(&mut self, path: impl AsRef<[u8]>, follow: bool) -> Answer<FileStat> {
        let (at, len) = self.path(path);
        self.call(
            "path_filestat_get",
            &[ROOT.into(), follow.into(), at, len, RESULT.into()],
        )?;
        Ok(self.filestat())
    }

    fn one_path(&mut self, name: &str, path: impl AsRef<[u8]>) -> Answer {
        let (at, len) = self.path(path);
        self.call(name, &[ROOT.into(), at, len])
    }

    pub fn create_directory(&mut self, path: impl AsRef<[u8]>) -> Answer {
        self.one_path("path_create_directory", path)
    }

    pub fn remove_directory(&mut self, path: impl AsRef<[u8]>) -> Answer {
        self.one_path("path_remove_directory", path)
    }

    pub fn unlink(&mut self, path: impl AsRef<[u8]>) -> Answer {
        self.one_path("path_unlink_file", path)
    }

    pub fn symlink(&mut self, text: impl AsRef<[u8]>, path: impl AsRef<[u8]>) -> Answer {
        let (text, text_len) = self.path(text);
        let (at, len) = self.path(path);
        self.call("path_symlink", &[text, text_len, ROOT.into(), at, len])
    }

    pub fn read_link(&mut self, path: impl AsRef<[u8]>, room: usize) -> Answer<Vec<u8>> {
        let (at, len) = self.path(path);
        self.call(
            "path_readlink",
            &[
                ROOT.into(),
                at,
                len,
                DATA.into(),
                room as i64,
                RESULT.into(),
            ],
        )?;
        Ok(self.bytes(DATA, self.word(RESULT) as usize))
    }

    pub fn rename(&mut self, from: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Answer {
        let (from, from_len) = self.path(from);
        let (to, to_len) = self.path(to);
        let root = ROOT.into();
        self.call("path_rename", &[root, from, from_len, root, to, to_len])
    }

    pub fn link(&mut self, from: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Answer {
        let (from, from_len) = self.path(from);
        let (to, to_len) = self.path(to);
        let root = ROOT.into();
        self.call("path_link", &[root, 0, from, from_len, root, to, to_len])
    }

    pub fn set_rights(&mut self, fd: i32, base: i64, inheriting: i64) -> Answer {
        self.call("fd_fdstat_set_rights", &[fd.into(), base, inheriting])
    }
}

/// Converts arguments to the types of a function's parameters.
pub fn values(name: &str, arguments: &[i64]) -> Vec<Val> {
    let (_, params) = FUNCTIONS
        .iter()
        .find(|(other, _)| *other == name)
        .expect("a function of preview 1");
    assert_eq!(
        params.len(),
        arguments.len(),
        "number of arguments of `{name}`"
    );
    params
        .chars()
        .zip(arguments)
        .map(|(kind, &value)| match kind {
            'i' => Val::I32(value as i32),
            _ => Val::I64(value),
        })
        .collect()
}

/// Returns the names of all functions, and their numbers of parameters.
pub fn functions() -> impl Iterator<Item = (&'static str, usize)> {
    FUNCTIONS.iter().map(|(name, params)| (*name, params.len()))
}
