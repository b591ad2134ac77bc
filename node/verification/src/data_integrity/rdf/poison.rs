//! Graphs that would keep RDFC-1.0 busy for ever.

use std::collections::BTreeMap;

use oxrdf::{BlankNode, Dataset, GraphName, NamedOrBlankNode, Quad, Term};

use super::{Stop, too_complex};

/// RDFC-1.0 tries every order of blank nodes that look alike ("dataset poisoning"): factorial in their number.
const MAX_ALIKE: usize = 5;
const MAX_ALIKE_IN_ALL: usize = 16;

/// Counts blank nodes that look alike at first sight (RDFC-1.0, §4.6), before anything is tried in every order.
pub(super) fn guard(dataset: &Dataset) -> Result<(), Stop> {
    let mut around: BTreeMap<String, Vec<Quad>> = BTreeMap::new();
    for quad in dataset {
        let quad = quad.into_owned();
        let mut touched: Vec<String> = blanks(&quad).map(|b| b.as_str().to_owned()).collect();
        touched.dedup();
        for name in touched {
            around.entry(name).or_default().push(quad.clone());
        }
    }
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    for (name, quads) in &around {
        let mut lines: Vec<String> = quads.iter().map(|q| seen_from(q, name)).collect();
        lines.sort_unstable();
        *alike.entry(lines.concat()).or_default() += 1;
    }
    let groups: Vec<usize> = alike.into_values().filter(|n| *n > 1).collect();
    if groups.iter().any(|n| *n > MAX_ALIKE) || groups.iter().sum::<usize>() > MAX_ALIKE_IN_ALL {
        return Err(too_complex("it repeats the same nameless part too often"));
    }
    Ok(())
}

fn blanks(quad: &Quad) -> impl Iterator<Item = &BlankNode> {
    let subject = match &quad.subject {
        NamedOrBlankNode::BlankNode(b) => Some(b),
        NamedOrBlankNode::NamedNode(_) => None,
    };
    let object = match &quad.object {
        Term::BlankNode(b) => Some(b),
        _ => None,
    };
    let graph = match &quad.graph_name {
        GraphName::BlankNode(b) => Some(b),
        _ => None,
    };
    [subject, object, graph].into_iter().flatten()
}

/// A quad with one blank node named `a` and all others `z`.
fn seen_from(quad: &Quad, name: &str) -> String {
    let label = |b: &BlankNode| BlankNode::new_unchecked(if b.as_str() == name { "a" } else { "z" });
    let mut quad = quad.clone();
    if let NamedOrBlankNode::BlankNode(b) = &quad.subject {
        quad.subject = label(b).into();
    }
    if let Term::BlankNode(b) = &quad.object {
        quad.object = label(b).into();
    }
    if let GraphName::BlankNode(b) = &quad.graph_name {
        quad.graph_name = label(b).into();
    }
    quad.to_string()
}
