//! A sorted sequence of rows that is changed in O(log n) and copied in O(1): a tree of leaves, whose parts are shared
//! by all copies that have them.

use std::sync::Arc;

use super::leaf::{Edit, Leaf, Row};

/// Children that a node has at most.
const MOST_CHILDREN: usize = 32;

/// Rows in the order of their keys.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    columns: usize,
    root: Node,
}

#[derive(Debug, Clone)]
enum Node {
    Leaf(Arc<Leaf>),
    Inner(Arc<Vec<Child>>),
}

#[derive(Debug, Clone)]
struct Child {
    rows: usize,
    node: Node,
}

impl Tree {
    /// No rows; those that will come have so many texts each.
    pub(super) fn new(columns: usize) -> Self {
        Self {
            columns,
            root: Node::Leaf(Arc::new(Leaf::new(columns, &[]))),
        }
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.root.rows()
    }

    /// Where a key is, or would come.
    pub(super) fn find(&self, key: &str) -> Result<usize, usize> {
        let (mut before, mut node) = (0, &self.root);
        loop {
            match node {
                Node::Leaf(leaf) => {
                    let found = leaf.find(key);
                    return found.map(|at| before + at).map_err(|at| before + at);
                }
                Node::Inner(children) => {
                    let after = children.partition_point(|child| child.node.starts_by(key));
                    let at = after.saturating_sub(1);
                    before += children.iter().take(at).map(|c| c.rows).sum::<usize>();
                    let Some(child) = children.get(at) else {
                        return Err(before);
                    };
                    node = &child.node;
                }
            }
        }
    }

    pub(super) fn row(&self, at: usize) -> Option<Row<'_>> {
        let (mut at, mut node) = (at, &self.root);
        loop {
            match node {
                Node::Leaf(leaf) => return leaf.row(at),
                Node::Inner(children) => {
                    let child = children.iter().find(|child| {
                        let here = at < child.rows;
                        if !here {
                            at -= child.rows;
                        }
                        here
                    })?;
                    node = &child.node;
                }
            }
        }
    }

    /// All rows, in order.
    pub(super) fn for_each(&self, mut act: impl FnMut(Row<'_>)) {
        self.root.leaves(&mut |leaf| leaf.rows().for_each(&mut act));
    }

    /// Puts rows after all others; they come there in order. Each leaf is written about once, and not for each row.
    pub(super) fn append(&mut self, rows: &[Row<'_>]) {
        let mut rest = rows;
        while let Some(first) = rest.first() {
            let count = self.root.extend(rest);
            if count == 0 {
                // Begins a leaf.
                self.edit(self.len(), Edit::Insert(first));
            }
            rest = rest.get(count.max(1)..).unwrap_or_default();
        }
    }

    /// Edits the row at a place.
    pub(super) fn edit(&mut self, at: usize, edit: Edit<'_>) {
        let last = at == self.len();
        if let Some(right) = self.root.edit(at, edit, last) {
            let children = vec![Child::of(self.root.clone()), Child::of(right)];
            self.root = Node::Inner(Arc::new(children));
        }
        while let Node::Inner(children) = &self.root
            && children.len() < 2
        {
            self.root = match children.first() {
                Some(only) => only.node.clone(),
                None => Node::Leaf(Arc::new(Leaf::new(self.columns, &[]))),
            };
        }
    }
}

impl Child {
    fn of(node: Node) -> Self {
        Self {
            rows: node.rows(),
            node,
        }
    }
}

impl Node {
    fn rows(&self) -> usize {
        match self {
            Self::Leaf(leaf) => leaf.len(),
            Self::Inner(children) => children.iter().map(|c| c.rows).sum(),
        }
    }

    /// Whether its first key is this one or comes before it.
    fn starts_by(&self, key: &str) -> bool {
        match self {
            Self::Leaf(leaf) => leaf.starts_by(key),
            Self::Inner(children) => children.first().is_none_or(|c| c.node.starts_by(key)),
        }
    }

    fn leaves(&self, act: &mut impl FnMut(&Leaf)) {
        match self {
            Self::Leaf(leaf) => act(leaf),
            Self::Inner(children) => children.iter().for_each(|c| c.node.leaves(act)),
        }
    }

    /// Puts as many rows as fit into the last leaf; how many these are.
    fn extend(&mut self, rows: &[Row<'_>]) -> usize {
        match self {
            Self::Leaf(leaf) => {
                let (extended, count) = leaf.extended(rows);
                if count > 0 {
                    *leaf = Arc::new(extended);
                }
                count
            }
            Self::Inner(children) => match Arc::make_mut(children).last_mut() {
                Some(last) => {
                    let count = last.node.extend(rows);
                    last.rows += count;
                    count
                }
                None => 0,
            },
        }
    }

    /// Edits the row at a place. Gives what comes after this node, where one node would be too large. `last`: it is at
    /// the very end of all rows.
    fn edit(&mut self, at: usize, edit: Edit<'_>, last: bool) -> Option<Self> {
        match self {
            Self::Leaf(leaf) => {
                let (edited, right) = leaf.edited(at, edit, last);
                *leaf = Arc::new(edited);
                right.map(|leaf| Self::Leaf(Arc::new(leaf)))
            }
            Self::Inner(children) => {
                let children = Arc::make_mut(children);
                let mut at = at;
                // What is inserted between two children goes to the end of the first.
                let inserts = usize::from(matches!(edit, Edit::Insert(_)));
                let index = children.iter().position(|child| {
                    let here = at < child.rows + inserts;
                    if !here {
                        at -= child.rows;
                    }
                    here
                })?;
                let child = children.get_mut(index)?;
                let right = child.node.edit(at, edit, last);
                child.rows = child.node.rows();
                match right {
                    Some(right) => children.insert(index + 1, Child::of(right)),
                    None => tidy(children, index),
                }
                if children.len() <= MOST_CHILDREN {
                    return None;
                }
                let cut = if last {
                    children.len() - 1
                } else {
                    children.len() / 2
                };
                Some(Self::Inner(Arc::new(children.split_off(cut))))
            }
        }
    }

    fn is_small(&self) -> bool {
        match self {
            Self::Leaf(leaf) => leaf.is_small(),
            Self::Inner(children) => children.len() < MOST_CHILDREN / 4,
        }
    }

    /// One node of two that follow each other, where that is not too large.
    fn joined(&self, next: &Self) -> Option<Self> {
        match (self, next) {
            (Self::Leaf(left), Self::Leaf(right)) => {
                left.joined(right).map(|leaf| Self::Leaf(Arc::new(leaf)))
            }
            (Self::Inner(left), Self::Inner(right)) => {
                let fits = left.len() + right.len() <= MOST_CHILDREN * 3 / 4;
                let children = || left.iter().chain(&**right).cloned().collect();
                fits.then(|| Self::Inner(Arc::new(children())))
            }
            _ => None,
        }
    }
}

/// Leaves no empty child, and no small one that a neighbour can take in.
fn tidy(children: &mut Vec<Child>, index: usize) {
    let Some(child) = children.get(index) else {
        return;
    };
    if child.rows == 0 {
        children.remove(index);
        return;
    }
    if !child.node.is_small() {
        return;
    }
    for left in [index.checked_sub(1), Some(index)].into_iter().flatten() {
        if let (Some(a), Some(b)) = (children.get(left), children.get(left + 1))
            && let Some(joined) = a.node.joined(&b.node)
        {
            children.remove(left + 1);
            if let Some(child) = children.get_mut(left) {
                *child = Child::of(joined);
            }
            return;
        }
    }
}

#[cfg(test)]
impl Tree {
    /// Number of leaves; fails where the tree is not as it should be.
    pub(super) fn check(&self) -> usize {
        fn height(node: &Node, root: bool) -> usize {
            match node {
                Node::Leaf(leaf) => {
                    assert!(root || leaf.len() > 0, "an empty leaf");
                    0
                }
                Node::Inner(children) => {
                    assert!(!root || children.len() > 1, "a root with one child");
                    assert!((1..=MOST_CHILDREN).contains(&children.len()));
                    let heights: Vec<usize> = children
                        .iter()
                        .map(|child| {
                            assert_eq!(child.rows, child.node.rows());
                            height(&child.node, false)
                        })
                        .collect();
                    assert!(heights.iter().all(|h| *h == heights[0]), "{heights:?}");
                    heights[0] + 1
                }
            }
        }
        height(&self.root, true);
        let mut leaves = 0;
        self.root.leaves(&mut |_| leaves += 1);
        leaves
    }
}
