//! RBAC, impersonation and access reviews.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::http::{Answer, Http};

fn role(name: &str, rules: serde_json::Value) -> serde_json::Value {
    json!({"metadata": {"name": name}, "rules": rules})
}

fn binding(role: &str, subject: serde_json::Value) -> serde_json::Value {
    json!({"metadata": {"name": role}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role}, "subjects": [subject]})
}

async fn grant(http: &Http, rules: serde_json::Value, subject: serde_json::Value) -> Result<()> {
    http.post(
        &http.of("rbac.authorization.k8s.io/v1", "roles"),
        &role("r", rules),
    )
    .await?
    .ok(201)?;
    http.post(
        &http.of("rbac.authorization.k8s.io/v1", "rolebindings"),
        &binding("r", subject),
    )
    .await?
    .ok(201)?;
    Ok(())
}

pub(crate) async fn impersonated_users_need_roles(http: Http) -> Result<()> {
    let user = format!("user-{}", http.namespace);
    let bob = http.with("impersonate-user", &user);
    let namespace = &http.namespace;
    let body = bob.get(&http.core("configmaps")).await?.refused(
        403,
        "Forbidden",
        &format!("configmaps is forbidden: User {user:?} cannot list resource \"configmaps\" in API group \"\" in the namespace {namespace:?}"),
    )?;
    ensure!(body["details"] == json!({"kind": "configmaps"}), "{body}");
    bob.get(&http.of("apps/v1", "deployments/d")).await?.refused(
        403,
        "Forbidden",
        &format!("deployments.apps \"d\" is forbidden: User {user:?} cannot get resource \"deployments\" in API group \"apps\" in the namespace {namespace:?}"),
    )?;
    bob.get("/api/v1/nodes").await?.refused(403, "Forbidden", &format!("nodes is forbidden: User {user:?} cannot list resource \"nodes\" in API group \"\" at the cluster scope"))?;
    grant(
        &http,
        json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list", "create"]}]),
        json!({"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": user}),
    )
    .await?;
    bob.until(
        "the role works",
        &http.core("configmaps"),
        |answer: &Answer| answer.status == 200,
    )
    .await?;
    bob.config_map("a", json!({})).await?;
    bob.get(&http.core("configmaps/a"))
        .await?
        .refused_for(403, "Forbidden")?;
    // Whoever is authenticated may look around.
    bob.get("/api/v1").await?.ok(200)?;
    Ok(())
}

pub(crate) async fn service_accounts_act_in_their_namespace(http: Http) -> Result<()> {
    let account = http.with(
        "impersonate-user",
        &format!("system:serviceaccount:{}:robot", http.namespace),
    );
    grant(
        &http,
        json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["*"]}]),
        json!({"kind": "ServiceAccount", "name": "robot", "namespace": http.namespace}),
    )
    .await?;
    account
        .until(
            "the role works",
            &http.core("secrets"),
            |answer: &Answer| answer.status == 200,
        )
        .await?;
    account
        .get("/api/v1/secrets")
        .await?
        .refused_for(403, "Forbidden")?;
    account
        .get("/api/v1/namespaces/default/secrets")
        .await?
        .refused_for(403, "Forbidden")
        .map(drop)
}

pub(crate) async fn reviews_answer(http: Http) -> Result<()> {
    let user = format!("user-{}", http.namespace);
    grant(
        &http,
        json!([{"apiGroups": ["apps"], "resources": ["deployments/status"], "verbs": ["patch"]}]),
        json!({"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": user}),
    )
    .await?;
    let review = |sub: &str| json!({"spec": {"user": "somebody", "groups": [user], "resourceAttributes": {"namespace": http.namespace, "verb": "patch", "group": "apps", "resource": "deployments", "subresource": sub}}});
    let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    let mut allowed = http.post(path, &review("status")).await?.ok(201)?;
    for _ in 0..100 {
        if allowed["status"]["allowed"] == true {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        allowed = http.post(path, &review("status")).await?.ok(201)?;
    }
    ensure!(allowed["status"]["allowed"] == true, "{allowed}");
    let refused = http.post(path, &review("")).await?.ok(201)?;
    ensure!(refused["status"]["allowed"] == false, "{refused}");
    let own = json!({"spec": {"resourceAttributes": {"namespace": http.namespace, "verb": "delete", "resource": "pods"}}});
    let me = http
        .post(
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            &own,
        )
        .await?
        .ok(201)?;
    ensure!(me["status"]["allowed"] == true, "{me}");
    let bob = http
        .with("impersonate-user", &user)
        .post(
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            &own,
        )
        .await?
        .ok(201)?;
    ensure!(bob["status"]["allowed"] == false, "{bob}");
    Ok(())
}

pub(crate) async fn roles_name_objects(http: Http) -> Result<()> {
    let user = format!("user-{}", http.namespace);
    http.config_map("mine", json!({})).await?;
    http.config_map("other", json!({})).await?;
    grant(
        &http,
        json!([{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["mine"], "verbs": ["get", "list", "watch"]}]),
        json!({"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": user}),
    )
    .await?;
    let bob = http.with("impersonate-user", &user);
    bob.until(
        "the role works",
        &http.core("configmaps/mine"),
        |answer: &Answer| answer.status == 200,
    )
    .await?;
    bob.get(&http.core("configmaps/other"))
        .await?
        .refused_for(403, "Forbidden")?;
    bob.get(&http.core("configmaps"))
        .await?
        .refused_for(403, "Forbidden")?;
    // A list of one name is a list of that name.
    bob.get(&http.core("configmaps?fieldSelector=metadata.name=mine"))
        .await?
        .ok(200)
        .map(drop)
}

pub(crate) async fn who_am_i(http: Http) -> Result<()> {
    let bob = http
        .with("impersonate-user", "bob")
        .with("impersonate-group", "builders")
        .with("impersonate-extra-team", "red");
    let me = bob
        .post(
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            &json!({}),
        )
        .await?
        .ok(201)?;
    ensure!(
        me["status"]["userInfo"]
            == json!({"username": "bob", "groups": ["builders", "system:authenticated"], "extra": {"team": ["red"]}}),
        "{me}"
    );
    Ok(())
}
