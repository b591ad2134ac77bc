//! Graphs that would keep RDFC-1.0 busy for ever.

use std::collections::{BTreeMap, BTreeSet};

use oxrdf::{BlankNode, Dataset, GraphName, NamedOrBlankNode, Quad, Term, TermRef};

use super::{ComplexityProblem, HashingError, too_complex};

/// RDFC-1.0 tries every order of blank nodes that look alike ("dataset poisoning"): factorial in their number.
const MAX_ALIKE: usize = 5;
const MAX_ALIKE_IN_ALL: usize = 16;

/// Counts blank nodes that look alike at first sight (RDFC-1.0, §4.6), before anything is tried in every order.
pub(super) fn guard(dataset: &Dataset) -> Result<(), HashingError> {
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
    // JSON without names for blank nodes makes trees of them, and in a tree few are tried in every order.
    let is_tangled = !groups.is_empty() && pointed_to_twice(dataset);
    if is_tangled || groups.iter().any(|n| *n > MAX_ALIKE) || groups.iter().sum::<usize>() > MAX_ALIKE_IN_ALL {
        return Err(too_complex(ComplexityProblem::NamelessParts));
    }
    Ok(())
}

/// Returns true if two statements have the same blank node as their object.
fn pointed_to_twice(dataset: &Dataset) -> bool {
    let mut seen = BTreeSet::new();
    dataset.iter().any(|quad| match quad.object {
        TermRef::BlankNode(object) => !seen.insert(object.as_str()),
        _ => false,
    })
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use oxrdf::{
        Literal, NamedNode,
        dataset::{CanonicalizationAlgorithm, CanonicalizationHashAlgorithm},
    };

    use super::*;

    /// Blank nodes in groups, of which each says what its group is; where `linked`, one points to another.
    fn graph(groups: &[usize], linked: impl Fn(usize, usize) -> bool) -> Dataset {
        let says = NamedNode::new_unchecked("http://example.com/says");
        let knows = NamedNode::new_unchecked("http://example.com/knows");
        let groups: Vec<usize> = groups.iter().enumerate().flat_map(|(g, n)| vec![g; *n]).collect();
        let node = |i: usize| BlankNode::new_unchecked(format!("e{i}"));
        let mut dataset = Dataset::new();
        for (i, group) in groups.iter().enumerate() {
            let text = Literal::new_simple_literal(group.to_string());
            dataset.insert(&Quad::new(node(i), says.clone(), text, GraphName::DefaultGraph));
            for j in (0..groups.len()).filter(|j| linked(i, *j)) {
                dataset.insert(&Quad::new(node(i), knows.clone(), node(j), GraphName::DefaultGraph));
            }
        }
        dataset
    }

    /// The least of three: whatever else the machine does is nobody's fault here.
    fn least<T>(mut work: impl FnMut() -> T) -> (Duration, T) {
        let turn = |_| {
            let start = Instant::now();
            let made = work();
            (start.elapsed(), made)
        };
        (0..3).map(turn).min_by_key(|(time, _)| *time).unwrap()
    }

    const AT_MOST: Duration = Duration::from_millis(100);

    /// W3C rdf-canon, test074c, is the first; the others keep below the limits and need seconds all the same.
    #[test]
    fn cliques_are_refused_at_once() {
        for groups in [&[10][..], &[4, 4], &[3, 3, 3, 3], &[2; 8]] {
            let clique = graph(groups, |_, _| true);
            let (time, refused) = least(|| guard(&clique).is_err());
            assert!(refused && time < AT_MOST, "{groups:?}: {refused} {time:?}");
        }
        let ring = graph(&[5], |i, j| (i + 1) % 5 == j);
        assert!(guard(&ring).is_ok(), "nothing is pointed to twice");
        let apart = graph(&[1; 8], |_, _| true);
        assert!(guard(&apart).is_ok(), "no two are alike");
    }

    #[test]
    fn trees_within_the_limits_are_done_soon() {
        type LinkPredicate = fn(usize, usize) -> bool;
        let trees: [(&[usize], LinkPredicate); 4] = [
            (&[5, 5, 5], |i, j| j == i + 5),
            (&[1, 5, 5, 5], |i, j| i == 0 && j > 0),
            (&[1, 3, 4, 4, 4], |i, j| {
                if i == 0 {
                    (1..4).contains(&j)
                } else {
                    (1..4).contains(&i) && j >= 4 && j % 3 == i % 3
                }
            }),
            (&[2, 2, 2, 2, 2, 2, 2, 2], |i, j| j == 2 * i + 1 || j == 2 * i + 2),
        ];
        for (groups, linked) in trees {
            let tree = graph(groups, linked);
            assert!(guard(&tree).is_ok(), "{groups:?}");
            let (time, ()) = least(|| {
                tree.clone().canonicalize(CanonicalizationAlgorithm::Rdfc10 {
                    hash_algorithm: CanonicalizationHashAlgorithm::Sha256,
                });
            });
            assert!(time < AT_MOST, "{groups:?}: {time:?}");
        }
    }

    /// A graph of blank nodes, as the W3C's test files write it: one statement a line.
    fn read(text: &str) -> Dataset {
        let term = |text: &str| match text.strip_prefix("_:") {
            Some(name) => Term::from(BlankNode::new_unchecked(name)),
            None => Term::from(NamedNode::new_unchecked(text.trim_matches(['<', '>']))),
        };
        let quad = |line: &str| {
            let parts: Vec<&str> = line.split_whitespace().collect();
            let [subject, predicate, object, "."] = parts.as_slice() else {
                panic!("not of the kind that these files have: {line}")
            };
            let Term::BlankNode(subject) = term(subject) else {
                panic!("{line}")
            };
            let predicate = NamedNode::new_unchecked(predicate.trim_matches(['<', '>']));
            Quad::new(subject, predicate, term(object), GraphName::DefaultGraph)
        };
        let mut dataset = Dataset::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            dataset.insert(&quad(line));
        }
        dataset
    }

    const POISON: [(&str, &str, Option<&str>); 4] = [
        (
            "test044, evil (1)",
            include_str!("../../../fixtures/rdf-canon/test044-in.nq"),
            Some(include_str!("../../../fixtures/rdf-canon/test044-rdfc10.nq")),
        ),
        (
            "test045, evil (2)",
            include_str!("../../../fixtures/rdf-canon/test045-in.nq"),
            Some(include_str!("../../../fixtures/rdf-canon/test045-rdfc10.nq")),
        ),
        (
            "test046, evil (3)",
            include_str!("../../../fixtures/rdf-canon/test046-in.nq"),
            Some(include_str!("../../../fixtures/rdf-canon/test046-rdfc10.nq")),
        ),
        (
            "test074, clique of ten",
            include_str!("../../../fixtures/rdf-canon/test074-in.nq"),
            None,
        ),
    ];

    /// W3C rdf-canon's own poison: within 100 ms, each is either refused or made canonical as the W3C has it.
    #[test]
    fn the_poison_of_the_w3c_is_cut_within_100_ms() {
        for (name, text, canonical) in POISON {
            let dataset = read(text);
            assert_eq!(dataset.len(), text.lines().count(), "{name}");
            let (time, made) = least(|| {
                guard(&dataset).is_ok().then(|| {
                    let mut canonical = dataset.clone();
                    canonical.canonicalize(CanonicalizationAlgorithm::Rdfc10 {
                        hash_algorithm: CanonicalizationHashAlgorithm::Sha256,
                    });
                    let mut lines: Vec<String> = canonical.iter().map(|quad| format!("{quad} .\n")).collect();
                    lines.sort_unstable();
                    lines.concat()
                })
            });
            assert!(time < AT_MOST, "{name}: {time:?}");
            if let Some(made) = made {
                assert_eq!(Some(made.as_str()), canonical, "{name}");
            }
        }
    }

    /// That the files are poison: what the guard refuses would take longer than is allowed, were it not refused.
    #[test]
    fn without_the_guard_the_clique_of_the_w3c_is_not_done_in_that_time() {
        let (_, text, _) = POISON[3];
        let mut dataset = read(text);
        let (done, waited) = std::sync::mpsc::channel();
        // Left to itself: it may need years, and ends with the process.
        std::thread::spawn(move || {
            dataset.canonicalize(CanonicalizationAlgorithm::Rdfc10 {
                hash_algorithm: CanonicalizationHashAlgorithm::Sha256,
            });
            let _ = done.send(());
        });
        assert!(waited.recv_timeout(AT_MOST).is_err(), "it was done in {AT_MOST:?}");
    }
}
