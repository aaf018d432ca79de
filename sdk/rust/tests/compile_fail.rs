//! What the macros say of mistakes. After a change run it with `TRYBUILD=overwrite` and read the difference.

#[test]
fn mistakes_are_told_where_they_stand() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile_fail/*.rs");
    cases.pass("tests/compile_pass/*.rs");
}
