//! Go, as its standard toolchain compiles it for WASI preview 1.
//!
//! The usual adapter does not do for it: it calls `cabi_realloc` before Go's runtime is up. The one here
//! allocates nothing, and keeps what it needs in the part of the memory that Go's linker leaves free.

use std::ops::Range;

use anyhow::{Context as _, Result, bail};
use wasmparser::{DataKind, Operator, Parser, Payload};
use wit_component::{StringEncoding, embed_component_metadata};

use crate::contract;

mod initialize;

const ADAPTER: &str = include_str!("adapter.wat");
const WORLD: &str = include_str!("adapter.wit");

/// Where the adapter keeps what it needs, and the SDK its word for it. Go's linker begins behind it with data, stacks and
/// heap, as it leaves room for the arguments that browsers put there.
const FREE: Range<u64> = 4096..12288;

/// The address of the word that is not 0 while the adapter must not call the host, as the host may be waiting for
/// `cabi_realloc`. It is 0 while Go's packages are initialized, 1 from then on, and the SDK sets it around calls.
const GUARD: i32 = 4200;

/// Makes a component of what `GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared` made.
///
/// # Errors
/// The module has not the contract's imports and exports, or its memory is not laid out as by the versions of Go that are
/// known here.
pub fn componentize(module: &[u8]) -> Result<Vec<u8>> {
    let begin = data_begins(module)?;
    if begin < FREE.end {
        bail!(
            "this version of Go puts data at the address {begin}, and hookbox needs what is below {} for itself: \
             take a version of Go that is older than this hookbox, or a newer hookbox",
            FREE.end
        );
    }
    let module = initialize::mark_end(module, GUARD)?;
    crate::componentize(&module, &adapter()?)
}

/// The lowest address that data is put at from [`FREE`] on.
fn data_begins(module: &[u8]) -> Result<u64> {
    let mut lowest = u64::MAX;
    for payload in Parser::new(0).parse_all(module) {
        let Payload::DataSection(section) = payload.context("this is no WebAssembly module")?
        else {
            continue;
        };
        for data in section {
            let data = data?;
            let DataKind::Active { offset_expr, .. } = data.kind else {
                continue;
            };
            // What is put elsewhere than at a plain address could be anywhere.
            let start = match offset_expr.get_operators_reader().read()? {
                Operator::I32Const { value } => u64::from(value.cast_unsigned()),
                _ => FREE.start,
            };
            let end = start + u64::try_from(data.data.len()).unwrap_or(u64::MAX - start);
            if end > FREE.start {
                lowest = lowest.min(start.max(FREE.start));
            }
        }
    }
    Ok(lowest)
}

fn adapter() -> Result<Vec<u8>> {
    let (resolve, world) = contract::world(&[("adapter.wit", WORLD)], "adapter")?;
    let mut module = wat::parse_str(ADAPTER).context("the adapter")?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    Ok(module)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test's failure is a panic")]

    use super::*;

    fn begins(data: &str) -> u64 {
        let module = wat::parse_str(format!("(module (memory 1) {data})")).unwrap();
        data_begins(&module).unwrap()
    }

    #[test]
    fn data_where_the_adapter_works_is_found() {
        assert_eq!(begins(""), u64::MAX);
        assert_eq!(begins(r#"(data (i32.const 12288) "text")"#), 12288);
        assert_eq!(
            begins(r#"(data (i32.const 20000) "b") (data (i32.const 0) "a")"#),
            20000
        );
        assert_eq!(begins(r#"(data (i32.const 4094) "text")"#), 4096);
        assert_eq!(
            begins(r#"(data (i32.const 20000) "b") (data (i32.const 5000) "a")"#),
            5000
        );
    }

    #[test]
    fn a_module_with_data_there_is_refused() {
        let module = r#"(module (memory (export "memory") 1) (data (i32.const 8192) "text"))"#;
        let refused = componentize(&wat::parse_str(module).unwrap()).unwrap_err();
        let said = refused.to_string();
        assert!(
            said.contains("puts data at the address 8192") && said.contains("below 12288"),
            "{said}"
        );
    }

    #[test]
    fn the_adapter_has_all_that_go_imports_of_wasi() {
        // What Go 1.26 declares under `wasi_snapshot_preview1` in runtime, syscall and internal/syscall/unix.
        let wanted = "args_get args_sizes_get clock_time_get environ_get environ_sizes_get fd_close fd_fdstat_get \
            fd_fdstat_set_flags fd_fdstat_set_rights fd_filestat_get fd_filestat_set_size fd_pread fd_prestat_dir_name \
            fd_prestat_get fd_pwrite fd_read fd_readdir fd_seek fd_sync fd_write path_create_directory path_filestat_get \
            path_filestat_set_times path_link path_open path_readlink path_remove_directory path_rename path_symlink \
            path_unlink_file poll_oneoff proc_exit random_get sched_yield sock_accept sock_shutdown";
        let wanted: Vec<String> = wanted.split_whitespace().map(str::to_owned).collect();
        let adapter = adapter().unwrap();
        let mut there = Vec::new();
        for payload in Parser::new(0).parse_all(&adapter) {
            if let Payload::ExportSection(section) = payload.unwrap() {
                for export in section {
                    there.push(export.unwrap().name.to_owned());
                }
            }
        }
        there.retain(|name| name != "cabi_import_realloc");
        there.sort();
        assert_eq!(there, wanted);
    }
}
