//! Messages as JSON, by the canonical mapping of protocol buffers: the proto files are the contract of scripts too.

use std::sync::LazyLock;

use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, SerializeOptions};
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use crate::cli::failure::Failure;
use crate::v1::FILE_DESCRIPTOR_SET;

static POOL: LazyLock<Option<DescriptorPool>> = LazyLock::new(|| DescriptorPool::decode(FILE_DESCRIPTOR_SET).ok());

/// Over several lines.
pub(crate) fn pretty<M: Message + Name>(message: &M) -> Result<String, Failure> {
    spell(message, PrettyFormatter::new())
}

/// In one line.
pub(crate) fn line<M: Message + Name>(message: &M) -> Result<String, Failure> {
    spell(message, CompactFormatter)
}

/// As a value, to be added to.
pub(crate) fn value<M: Message + Name>(message: &M) -> Result<serde_json::Value, Failure> {
    dynamic(message)?.serialize_with_options(serde_json::value::Serializer, &options()).map_err(Failure::Json)
}

/// A message that was written so. What this version does not know is passed over.
pub(crate) fn read<M: Message + Name + Default>(text: &str) -> Result<M, Failure> {
    let pool = POOL.as_ref().ok_or(Failure::Description)?;
    let description = pool.get_message_by_name(&M::full_name()).ok_or(Failure::Description)?;
    let mut from = serde_json::Deserializer::from_str(text);
    let options = DeserializeOptions::new().deny_unknown_fields(false);
    let read = DynamicMessage::deserialize_with_options(description, &mut from, &options).map_err(Failure::Json)?;
    from.end().map_err(Failure::Json)?;
    read.transcode_to().map_err(|_| Failure::Description)
}

fn spell<M: Message + Name>(message: &M, format: impl Formatter) -> Result<String, Failure> {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, format);
    dynamic(message)?.serialize_with_options(&mut serializer, &options()).map_err(Failure::Json)?;
    String::from_utf8(text).map_err(|_| Failure::Description)
}

fn dynamic<M: Message + Name>(message: &M) -> Result<DynamicMessage, Failure> {
    let pool = POOL.as_ref().ok_or(Failure::Description)?;
    let description = pool.get_message_by_name(&M::full_name()).ok_or(Failure::Description)?;
    let mut dynamic = DynamicMessage::new(description);
    dynamic.transcode_from(message).map_err(|_| Failure::Description)?;
    Ok(dynamic)
}

/// Fields that are false, empty or 0 are said, and ids are numbers: scripts need not guess.
fn options() -> SerializeOptions {
    SerializeOptions::new().skip_default_fields(false).stringify_64_bit_integers(false)
}
