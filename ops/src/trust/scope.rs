//! The coverage and the grounds of a recognition, as they are typed and as they are shown.

use registry_schema::{
    RecognitionScope, Timestamp,
    recognition::{AchievementStack, Attestation, RecognitionBasis},
};

use crate::{
    args::trust::{BasisArgs, CoverageArgs},
    exit::usage,
    show,
};

/// The scope that was typed.
pub(super) fn scope(covers: &CoverageArgs) -> anyhow::Result<RecognitionScope> {
    let achievements = covers.achievements.clone();
    match (&covers.stack, covers.aligned.is_empty(), achievements.is_empty()) {
        (Some(_), _, true) => Err(usage(
            "a stack needs its achievements: give each with `--achievement ID`",
        )),
        (Some(name), _, false) => Ok(RecognitionScope::Stack(AchievementStack {
            name: name.clone(),
            achievements,
        })),
        (None, false, _) => Ok(RecognitionScope::Aligned(covers.aligned.clone())),
        (None, true, false) => Ok(RecognitionScope::Achievements(achievements)),
        (None, true, true) => Ok(RecognitionScope::All),
    }
}

/// On what it rests, and how far it goes.
pub(super) fn basis(rests: &BasisArgs, attestation: Attestation, stands_alone: bool) -> RecognitionBasis {
    RecognitionBasis {
        attestation: rests.attestation.unwrap_or(attestation),
        stands_alone,
        may_be_followed: rests.may_be_followed,
        conditions: rests.conditions.clone(),
    }
}

/// The lines that tell of a scope.
pub(super) fn in_lines(scope: &RecognitionScope) -> Vec<(String, String)> {
    let covers = match scope {
        RecognitionScope::All => vec!["all achievements".to_owned()],
        RecognitionScope::Achievements(ids) => ids.clone(),
        RecognitionScope::Aligned(items) => items.iter().map(|item| format!("aligned to {item}")).collect(),
        RecognitionScope::Stack(stack) => std::iter::once(format!("the stack \"{}\" of", stack.name))
            .chain(stack.achievements.iter().cloned())
            .collect(),
    };
    show::labelled("covers", covers)
}

/// The lines that tell on what it rests.
pub(super) fn basis_in_lines(basis: &RecognitionBasis) -> Vec<(String, String)> {
    let mut lines = vec![("rests on".to_owned(), basis.attestation.in_words().to_owned())];
    if basis.stands_alone {
        lines.push((
            "stands alone".to_owned(),
            "it counts even while the issuer's home has suspended or ended its registration".to_owned(),
        ));
    }
    if basis.may_be_followed {
        lines.push((
            "followed".to_owned(),
            "agencies that recognize whatever this one recognizes may build on it".to_owned(),
        ));
    }
    lines.extend(show::labelled("condition", basis.conditions.iter().cloned()));
    lines
}

/// A term that ends before it begins is refused before it is sent.
pub(super) fn in_order(from: Option<Timestamp>, until: Option<Timestamp>) -> anyhow::Result<()> {
    // Whether it has begun, or is over, is the node's to say.
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        return Err(usage("`--until` lies before the recognition begins: give a later date"));
    }
    Ok(())
}
