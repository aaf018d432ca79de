//! Webhooks of a project's hooks, in `dev` and `test`.

use std::path::Path;

use hookbox_tests::hookbox::{checkout, hookbox};
use hookbox_tests::scratch;

use super::components::{built_command, expect, in_project, place, text};

const DENIED: &str = "admission webhook \"images.policy.example.com\" denied the request: container web: nginx is from docker.io, not from quay.io, ghcr.io";

#[tokio::test(flavor = "multi_thread")]
async fn dev_tells_who_refuses_what_is_applied() {
    built_command().await;
    let folder = scratch();
    let pods = folder.path().join("pods.yaml");
    let pod = |name: &str, image: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: guarded}}\nspec: {{containers: [{{name: web, image: {image}}}]}}\n"
        )
    };
    let both = format!("{}{}", pod("bad", "nginx"), pod("good", "quay.io/nginx"));
    std::fs::write(&pods, both).unwrap();
    let example = checkout().join("examples/06-admission");
    let run = in_project(&example, &["dev", "--once", "--apply", text(&pods)]);
    expect(
        run.run().await,
        1,
        &[
            "Loaded images (kubernetes registries: ConfigMap, validating images.policy.example.com)",
            "Apply Pod guarded/bad",
            "Denied by webhook images.policy.example.com: container web: nginx is from docker.io",
            &format!("pods.yaml:2: document 1: {DENIED}"),
            "Apply Pod guarded/good",
            "Allowed by webhook images.policy.example.com",
            "Ended 4 runs, 0 objects changed, 1 manifest refused",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_converts_what_is_applied_and_tells_what_cannot_be() {
    built_command().await;
    let folder = scratch();
    let wrong = folder.path().join("wrong.yaml");
    std::fs::write(
        &wrong,
        "apiVersion: example.com/v1alpha1\nkind: Widget\nmetadata: {name: wrong}\nspec: {size: large}\n",
    )
    .unwrap();
    let example = checkout().join("examples/07-conversion");
    let run = in_project(&example, &["dev", "--once", "--apply", "widget.yaml"]);
    expect(
        run.run().await,
        0,
        &[
            "Loaded alpha_to_beta (conversion of widgets.example.com: v1alpha1 to v1beta1)",
            "Ran alpha_to_beta for alpha_to_beta Conversion",
            "Ran beta_to_stable for beta_to_stable Conversion",
            "Done 2 runs",
        ],
    );
    let run = in_project(&example, &["dev", "--once", "--apply", text(&wrong)]);
    expect(
        run.run().await,
        1,
        &[
            "Failed alpha_to_beta for alpha_to_beta Conversion",
            "conversion webhook for example.com/v1alpha1, Kind=Widget failed: Hook failed to convert to v1beta1: ",
            "spec.size is not as `3x4`: large",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_tells_which_of_its_events_are_refused() {
    built_command().await;
    let example = checkout().join("examples/06-admission");
    let built = in_project(&example, &["build", "--out-dir", text(&place())]);
    let component = built.run().await.ok();
    let folder = scratch();
    let case = folder.path().join("tests/cases/pods");
    std::fs::create_dir_all(&case).unwrap();
    std::fs::copy(example.join("cluster.yaml"), case.join("cluster.yaml")).unwrap();
    let pod = |name: &str, image: &str| {
        format!(
            "  - apply: {{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: guarded}}, spec: {{containers: [{{name: web, image: {image}}}]}}}}\n"
        )
    };
    let events = format!(
        "trigger:\n  events:\n{}{}",
        pod("good", "quay.io/nginx"),
        pod("bad", "nginx")
    );
    std::fs::write(case.join("case.yaml"), events).unwrap();
    let test = async |more: &[&str]| {
        let component = component.trim();
        let path = text(folder.path()).to_owned();
        let mut arguments = vec!["test", &path, "--component", component];
        arguments.extend(more);
        hookbox(arguments).run().await
    };
    test(&["--bless"]).await.expect_code(0);
    let expected = read(&case.join("expected.yaml"));
    let denied = DENIED.replace('"', "\\\"");
    assert!(
        expected.contains(&format!("event 2: {denied}")),
        "{expected}"
    );
    assert!(!expected.contains("removed:"), "{expected}");
    let runs = expected.lines().filter(|line| line.contains("hook: "));
    let runs: Vec<&str> = runs.map(str::trim).collect();
    assert_eq!(
        runs,
        [
            "- hook: owner",
            "- hook: images",
            "- hook: owner",
            "- hook: images"
        ],
        "{expected}"
    );
    assert_eq!(test(&[]).await.ok(), "1 passed, 0 failed\n");
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
