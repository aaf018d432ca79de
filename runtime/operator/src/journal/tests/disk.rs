//! Files, and disks that are full, slow or torn.

use std::os::unix::fs::PermissionsExt;

use super::*;

#[tokio::test]
async fn only_the_owner_can_read_it() {
    let dir = folder();
    let dir = dir.path().join("journal");
    let _journal = write(&dir, JournalSettings::default(), ["a".to_owned()]).await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&dir.join("runs-00000001.jsonl")), 0o600);
}

#[tokio::test]
async fn files_are_rotated_by_size_and_only_some_are_kept() {
    let dir = folder();
    let settings = JournalSettings {
        file_bytes: 1,
        files: 3,
        ..JournalSettings::default()
    };
    let _journal = write(dir.path(), settings, (0..10).map(|i| i.to_string())).await;
    assert_eq!(ids(dir.path()), ["7", "8", "9"]);
    let files = files::list(dir.path()).unwrap();
    assert_eq!(
        files.iter().map(|(n, _)| *n).collect::<Vec<_>>(),
        [8, 9, 10]
    );
}

#[tokio::test]
async fn a_record_that_was_cut_off_is_left_out_and_the_next_start_goes_on() {
    let dir = folder();
    write(dir.path(), JournalSettings::default(), ["a".to_owned()])
        .await
        .close(Duration::from_secs(60))
        .await;
    let path = dir.path().join("runs-00000001.jsonl");
    let whole = std::fs::read(&path).unwrap();
    // The process was killed in the middle of a line.
    let mut torn = whole.clone();
    torn.extend_from_slice(&whole[..whole.len() / 2]);
    std::fs::write(&path, torn).unwrap();
    assert_eq!(ids(dir.path()), ["a"]);
    let _journal = write(dir.path(), JournalSettings::default(), ["b".to_owned()]).await;
    assert_eq!(ids(dir.path()), ["a", "b"]);
    // Tools that know nothing of torn lines can read the file.
    assert_eq!(lines(&path).len(), 2);
}

/// All lines of a file, each of which must be JSON.
fn lines(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect()
}

#[tokio::test]
async fn half_a_line_is_cut_off_however_long_it_is() {
    for length in [1, files::PIECE - 1, files::PIECE, 3 * files::PIECE + 7] {
        for before in ["", "{}\n", "{}\n{}\n"] {
            let dir = folder();
            let path = dir.path().join("runs-00000001.jsonl");
            std::fs::write(&path, before.to_owned() + &"x".repeat(length)).unwrap();
            write(dir.path(), JournalSettings::default(), ["a".to_owned()])
                .await
                .close(Duration::from_secs(60))
                .await;
            let text = std::fs::read_to_string(&path).unwrap();
            let rest = text.strip_prefix(before).expect("whole lines stay");
            assert!(rest.starts_with("{\"version\":1"), "{length}: {rest}");
        }
    }
}

#[tokio::test]
async fn a_file_that_was_removed_or_emptied_to_make_room_is_begun_anew() {
    let dir = folder();
    let path = dir.path().join("runs-00000001.jsonl");
    let journal = write(dir.path(), JournalSettings::default(), ["a".to_owned()]).await;
    std::fs::remove_file(&path).unwrap();
    for id in ["b", "c"] {
        journal.record(entry(id));
    }
    journal.flush().await;
    assert_eq!(ids(dir.path()), ["b", "c"]);
    std::fs::write(&path, "").unwrap();
    journal.record(entry("d"));
    journal.flush().await;
    assert_eq!(ids(dir.path()), ["d"]);
    assert_eq!((journal.written(), journal.dropped()), (4, 0));
}

#[tokio::test]
async fn a_line_that_is_no_record_is_reported_and_the_rest_is_read() {
    let dir = folder();
    write(dir.path(), JournalSettings::default(), ["a".to_owned()])
        .await
        .close(Duration::from_secs(60))
        .await;
    let path = dir.path().join("runs-00000001.jsonl");
    let mut text = b"{\"version\":1}\nnonsense\n".to_vec();
    text.extend(std::fs::read(&path).unwrap());
    std::fs::write(&path, text).unwrap();
    let all: Vec<_> = read(dir.path()).unwrap().collect();
    assert_eq!(all.len(), 3);
    assert_eq!(all[0].as_ref().unwrap_err().code(), "journal-line");
    assert!(
        all[1]
            .as_ref()
            .unwrap_err()
            .to_string()
            .starts_with("journal: line 2 of ")
    );
    assert_eq!(all[2].as_ref().unwrap().id, "a");
}

#[tokio::test]
async fn a_full_disk_loses_records_and_nothing_else() {
    let dir = folder();
    std::os::unix::fs::symlink("/dev/full", dir.path().join("runs-00000001.jsonl")).unwrap();
    let journal = write(
        dir.path(),
        JournalSettings::default(),
        (0..3).map(|i| i.to_string()),
    )
    .await;
    assert_eq!((journal.written(), journal.dropped()), (0, 3));
    // It has room again.
    std::fs::remove_file(dir.path().join("runs-00000001.jsonl")).unwrap();
    for id in ["b", "c"] {
        journal.record(entry(id));
    }
    journal.close(Duration::from_secs(60)).await;
    assert_eq!((journal.written(), journal.dropped()), (2, 3));
    assert_eq!(ids(dir.path()), ["b", "c"]);
}

#[tokio::test]
async fn a_slow_disk_loses_records_and_does_not_hold_up_runs() {
    let dir = folder();
    // A pipe that nobody reads from takes 64 KiB and then blocks for ever.
    let pipe = dir.path().join("runs-00000001.jsonl");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    let journal = Journal::open(
        dir.path(),
        JournalSettings {
            queue: 4,
            ..JournalSettings::default()
        },
    )
    .unwrap();
    let mut big = entry("big");
    big.log = vec![LogRecord {
        level: LogLevel::Info,
        message: "x".repeat(1 << 20),
        fields: vec![],
    }]
    .into();
    for _ in 0..50 {
        journal.record(big.clone());
    }
    // One is being written, four wait.
    assert!(journal.dropped() >= 45, "{}", journal.dropped());
    assert_eq!(journal.written(), 0);
    // Let it end: take what it wrote until the pipe is closed.
    let reader = std::thread::spawn(move || {
        std::io::copy(
            &mut std::fs::File::open(pipe).unwrap(),
            &mut std::io::sink(),
        )
    });
    journal.close(Duration::from_secs(60)).await;
    drop(journal);
    reader.join().unwrap().unwrap();
}

#[tokio::test]
async fn bytes_that_wait_are_bounded() {
    let dir = folder();
    let pipe = dir.path().join("runs-00000001.jsonl");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let journal = Journal::open(
        dir.path(),
        JournalSettings {
            queue_bytes: 3 << 20,
            ..JournalSettings::default()
        },
    )
    .unwrap();
    let mut big = entry("big");
    big.log = vec![LogRecord {
        level: LogLevel::Info,
        message: "x".repeat(1 << 20),
        fields: vec![],
    }]
    .into();
    for _ in 0..10 {
        journal.record(big.clone());
    }
    assert_eq!(
        journal.dropped(),
        8,
        "two of a bit more than 1 MiB fit into 3 MiB"
    );
    let reader = std::thread::spawn(move || {
        std::io::copy(
            &mut std::fs::File::open(pipe).unwrap(),
            &mut std::io::sink(),
        )
    });
    journal.close(Duration::from_secs(60)).await;
    drop(journal);
    reader.join().unwrap().unwrap();
}

#[tokio::test]
async fn a_file_in_place_of_the_folder_is_said_clearly() {
    let dir = folder();
    let path = dir.path().join("file");
    std::fs::write(&path, "").unwrap();
    let error = Journal::open(&path, JournalSettings::default()).unwrap_err();
    assert_eq!(error.code(), "journal-io");
    assert_eq!(
        error.to_string(),
        format!("journal: cannot make the folder {}", path.display())
    );
}

#[tokio::test]
async fn two_processes_do_not_share_a_folder() {
    let dir = folder();
    let first = Journal::open(dir.path(), JournalSettings::default()).unwrap();
    assert_eq!(
        Journal::open(dir.path(), JournalSettings::default())
            .unwrap_err()
            .code(),
        "journal-in-use"
    );
    first.close(Duration::from_secs(60)).await;
    drop(first);
    assert!(Journal::open(dir.path(), JournalSettings::default()).is_ok());
}

#[tokio::test]
async fn after_closing_records_are_counted_as_lost() {
    let dir = folder();
    let journal = write(dir.path(), JournalSettings::default(), ["a".to_owned()]).await;
    journal.close(Duration::from_secs(60)).await;
    journal.record(entry("b"));
    journal.flush().await;
    assert_eq!((journal.written(), journal.dropped()), (1, 1));
    assert_eq!(ids(dir.path()), ["a"]);
}
