//! Where words go: above the line that a person types, or to the output of a script.

use super::source::Source;
use crate::ClientError;
use crate::connect::pump::Console;

/// Prints text that came, which is safe already and ends its lines.
pub(crate) fn show(text: String, source: &mut Source<'_>, console: &mut Console<'_>) -> Result<(), ClientError> {
    if text.is_empty() {
        return Ok(());
    }
    match source {
        Source::Editor(editor) => Ok(editor.print(text)?),
        Source::Nothing | Source::Pipe { .. } => {
            console.output.write_all(text.as_bytes())?;
            Ok(console.output.flush()?)
        }
    }
}

/// Tells the person what goes on beside that.
pub(crate) fn tell(sentence: &str, source: &mut Source<'_>, console: &mut Console<'_>) -> Result<(), ClientError> {
    match source {
        Source::Editor(editor) => Ok(editor.print(format!("* {sentence}\n"))?),
        Source::Nothing | Source::Pipe { .. } => {
            (console.notice)(sentence);
            Ok(())
        }
    }
}
