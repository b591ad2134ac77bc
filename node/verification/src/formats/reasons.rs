//! The words for files in which no badge could be read, as values.

use registry_schema::phrases;

use crate::{bulk::ZipProblem, json::JsonProblem, jwt::TokenProblem};

phrases! {
    /// The place where reading stopped, and why: lower case, without a full stop.
    pub enum UnreadableReason {
        // Any file.
        TooLarge { bytes: usize, most: usize },
        Empty,
        NoKnownForm,
        OtherFile { kind: OtherFileKind },
        NoText { at: usize },
        Json { why: JsonProblem },
        Token { why: TokenProblem },
        // Pictures.
        PngDamaged,
        PngBadgeDamaged,
        PngManyBadges,
        PngOlderBadge,
        PngNoBadge,
        NoPng,
        SvgBroken { why: SvgProblem },
        SvgManyBadges,
        SvgNoBadge,
        SvgEmptyBadge,
        NoSvg,
        PictureWithBadge,
        PictureWithElement,
        // Documents.
        FileWithoutObject,
        NoObject,
        NeitherObjectNorToken,
        NoCredential,
        Presentation,
        TokenPresentation,
        PresentationTooLarge { most: usize },
        UnknownEnvelope,
        OlderBadge,
        RecordWithoutBadges,
        RecordTooLarge { most: usize },
        RecordWithinRecord,
        // Many badges in one upload.
        UploadTooLarge { bytes: usize, most: usize },
        UploadWithoutBadges,
        TooManyRows { most: usize },
        CsvBroken { line: u64 },
        CsvWithoutColumn,
        CellEmpty,
        ZipBroken { why: ZipProblem },
        NamesAlike,
        NotUnpacked { why: ZipProblem },
        TooMuchBefore { most: usize },
        UnpackedTooLarge { most: usize },
        // What a code or a link leads to.
        UnknownCode,
        WebPage,
    }
}

phrases! {
    /// The next step for the person who has the file.
    pub enum NextStep {
        DownloadAgain,
        SendAsReceived,
        SendFileNoArchive,
        SendFile,
        SendBadge,
        AskForBadge,
        AskForFileNoScreenshot,
        AskForFileNotEdited,
        AskForOneInImage,
        AskForOpenBadge,
        AskForKnownForm,
        AskForRecordWithBadges,
        ChoosePng,
        ChooseSvg,
        ChooseWithoutBadge,
        ChooseWithoutElement,
        SendBadgesApart,
        SendInnerRecord,
        SendCredential,
        SendPresentation,
        SendApart,
        SendInParts,
        SendOne,
        SaveAsCsv,
        NameColumn,
        FillCell,
        PackAgain,
        NameApart,
        SendInAnotherArchive,
        CheckCode,
        DownloadFromPage,
    }
}

phrases! {
    /// The kind of a file that holds no badge.
    pub enum OtherFileKind {
        Pdf,
        Zip,
        Jpeg,
        Gif,
        Utf16,
    }
}

phrases! {
    /// The reason why the XML of a picture could not be read.
    pub enum SvgProblem {
        Xml { why: String },
        TooDeep { most: u32 },
        UnknownEntity,
        NoEnd,
    }
}
