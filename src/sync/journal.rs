//! Edits on their way into the store, and those of other tabs on their way out of it: one order that
//! all tabs agree on.

use crate::draft::command::{Command, LineIds};
use crate::draft::refusal::{Code, Refusal};
use crate::draft::{Change, Draft, LineId};
use crate::model::json::{Value, write_list, write_string};
use crate::sync::event::{Edit, Notice, commands};
use crate::sync::machine::{Goal, Machine};
use crate::sync::record::{count, number};

/// An edit of this tab that is not in the store.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pending {
    /// Its number in the order of all edits, unless another tab is first.
    pub(super) revision: u64,
    /// The revision that its caller was told.
    pub(super) told: u64,
    /// Which tab made it, and its number there.
    pub(super) by: (String, u64),
    pub(super) edits: Vec<Edit>,
    /// Whether the store has it all the same, and it was made again on top of something that the store does not have.
    pub(super) stored: bool,
}

/// An edit as the journal has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) revision: u64,
    pub(super) by: (String, u64),
    edits: Vec<(LineId, Value)>,
}

impl Entry {
    fn read(entry: &Value) -> Option<Entry> {
        let mut edits = Vec::new();
        for edit in entry.get("edits")?.as_array()? {
            edits.push((LineId::parse(edit.get("ids")?.as_str()?)?, edit.get("edit")?.clone()));
        }
        let by = (entry.get("by")?.as_str()?.to_string(), count(entry, "number")?);
        Some(Entry { revision: count(entry, "revision")?, by, edits })
    }

    /// The same as an edit that is not stored yet; nobody here was told a revision of it.
    pub(super) fn into_pending(self) -> Pending {
        let mut edits = Vec::new();
        for (ids, raw) in self.edits {
            edits.push(Edit { command: Command::Clear, raw, ids });
        }
        Pending { revision: self.revision, told: u64::MAX, by: self.by, edits, stored: false }
    }
}

impl Pending {
    pub(super) fn to_text(&self) -> String {
        let mut text = "{\"by\":".to_string();
        write_string(&self.by.0, &mut text);
        for (name, count) in [("number", self.by.1), ("revision", self.revision)] {
            number(name, count, &mut text);
        }
        text.push_str(",\"edits\":");
        write_list(&self.edits, &mut text, |edit, out| {
            out.push_str("{\"ids\":");
            write_string(&edit.ids.to_text(), out);
            out.push_str(",\"edit\":");
            edit.raw.write(out);
            out.push('}');
        });
        text.push('}');
        text
    }
}

/// The edits of a journal after this number; none where one of them is damaged.
pub(super) fn read_entries(journal: &[String], after: u64) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    for text in journal {
        let entry = Entry::read(&Value::parse(text).ok()?)?;
        if entry.revision > after {
            entries.push(entry);
        }
    }
    Some(entries)
}

/// Leaves out what is stored, in the journal or in a draft that was confirmed since: it was made again on top of
/// something that is not stored.
pub(super) fn drop_stored(pending: &mut Vec<Pending>, journal: &[String]) {
    let entries = read_entries(journal, 0).unwrap_or_default();
    let has = |edit: &Edit| entries.iter().any(|entry| entry.edits.iter().any(|(ids, _)| *ids == edit.ids));
    pending.retain(|pending| !pending.stored && !pending.edits.iter().any(has));
}

impl Machine {
    /// Notes an edit of the newest revision.
    pub(super) fn keep(&mut self, edits: &[Edit]) {
        if !self.keeping.is_shared() {
            return;
        }
        self.keeping.hands_over = true;
        self.keeping.made = self.keeping.made.saturating_add(1);
        let by = (self.keeping.tab.clone(), self.keeping.made);
        let revision = self.revision;
        let edits = edits.to_vec();
        self.keeping.pending.push(Pending { revision, told: revision, by, edits, stored: false });
    }

    /// Takes an edit of the journal; what does not fit is given back as a conflict.
    pub(super) fn follow(&mut self, entry: Entry) {
        self.keeping.note(&entry.by);
        let mut read = Vec::new();
        for (ids, raw) in entry.edits {
            match Command::read(&raw, &mut LineIds::from(ids)) {
                Ok(command) => read.push(Edit { command, raw, ids }),
                Err(errors) => self.emit(Notice::Conflict { edit: raw, errors }),
            }
        }
        // What is stored after the end came too late for the order.
        let applied = match self.may_edit() {
            Err(refusal) if !self.state.is_open() => Err(vec![refusal]),
            _ => self.draft.apply_all(&commands(&read)),
        };
        match applied {
            Ok(change) => {
                self.drafted(change);
                if let Some(opening) = &mut self.opening {
                    opening.extend(read);
                }
            }
            // It was accepted once: a field that was not sent then is set anew by a later edit.
            Err(errors) if errors.iter().all(|error| error.code == Code::CannotUnset) => {}
            Err(errors) => self.conflict(read, &errors),
        }
        // Numbers stay as they are in the store, whatever became of the edit.
        self.revision = entry.revision;
    }

    /// Edits that other tabs stored go before our own that are not stored.
    pub(super) fn insert(&mut self, entries: Vec<Entry>) {
        let Some(last) = entries.last().map(|entry| entry.revision) else {
            return;
        };
        self.recall();
        let mut pending = std::mem::take(&mut self.keeping.pending);
        let (known, held) = (self.revision, self.acknowledged);
        self.keeping.seen = last;
        let Some(base) = self.keeping.base.clone() else {
            return;
        };
        if self.keeping.adopted {
            // What was read at the endpoint is older than they are: they are made again on top of it.
            let made_again = entries.into_iter().map(|entry| {
                self.keeping.last.retain(|(tab, _)| *tab != entry.by.0);
                Pending { stored: true, ..entry.into_pending() }
            });
            let place = pending.iter().take_while(|pending| pending.stored).count();
            pending.splice(place..place, made_again);
            let number = known.max(last).saturating_add(1);
            if self.quote_revision == self.acknowledged {
                self.quote_revision = number;
            }
            self.acknowledged = number;
            self.keeping.base_revision = number;
            self.set_draft(base, number);
        } else {
            self.set_draft(base, self.keeping.base_revision);
            for entry in entries {
                self.follow(entry);
            }
            self.keeping.base = Some(self.draft.clone());
            self.keeping.base_revision = self.revision;
        }
        let again = self.keeping.adopted && held < self.made_again.1;
        self.make_again(pending, known);
        if again {
            self.made_again.1 = self.revision;
        }
    }

    /// Another draft takes the place of the one that is here; what was sent stays sent.
    fn set_draft(&mut self, draft: Draft, revision: u64) {
        let known = std::mem::replace(&mut self.draft, draft);
        self.draft.take_sent(&known);
        self.revision = revision;
        self.all_changed();
    }

    /// Edits of the time before the session was known, with those that are not stored.
    pub(super) fn with_pending(&self, mut edits: Vec<Edit>) -> Vec<Edit> {
        for pending in self.keeping.outstanding() {
            edits.extend_from_slice(&pending.edits);
        }
        edits
    }

    /// Edits that the endpoint has not confirmed, where none are stored.
    pub(super) fn unconfirmed(&self) -> Vec<Edit> {
        let mut edits = Vec::new();
        for pending in self.keeping.outstanding() {
            if pending.revision > self.acknowledged {
                edits.extend_from_slice(&pending.edits);
            }
        }
        edits
    }

    /// The same without them.
    pub(super) fn without_pending(&self, mut edits: Vec<Edit>) -> Vec<Edit> {
        let count: usize = self.keeping.outstanding().map(|pending| pending.edits.len()).sum();
        edits.truncate(edits.len().saturating_sub(count));
        edits
    }

    /// Edits that are not stored, on top of a draft that was taken over.
    pub(super) fn insert_nothing(&mut self) {
        let pending = std::mem::take(&mut self.keeping.pending);
        let known = self.revision;
        if let Some(base) = self.keeping.base.clone() {
            self.set_draft(base, self.keeping.base_revision);
        }
        self.make_again(pending, known);
    }

    /// Makes edits that are not stored again, on top of what other tabs stored. What no longer fits is
    /// given back.
    pub(super) fn make_again(&mut self, pending: Vec<Pending>, known: u64) {
        let seen = self.keeping.base_revision;
        let mut number = self.revision.max(known);
        for mut pending in pending {
            if self.keeping.has(&pending.by) {
                continue;
            }
            let change = match self.may_edit_again().and_then(|()| self.edit_again(&mut pending.edits)) {
                Ok(change) => change,
                Err(errors) => {
                    self.conflict(std::mem::take(&mut pending.edits), &errors);
                    Change::default()
                }
            };
            // The tab that handed it over has to hear that it was dealt with, under a number that is new there.
            let handed = pending.by.0 != self.keeping.tab;
            if !change.is_none() || handed {
                number = number.saturating_add(1).max(if handed { pending.revision } else { 0 });
                self.drafted(change);
                self.revision = number;
                pending.revision = number;
                self.keeping.pending.push(pending);
            }
        }
        // A number that was told stands for no other draft.
        if self.keeping.pending.is_empty() && known > self.revision && self.state.is_open() {
            self.revision = known.saturating_add(1);
            self.keep(&[]);
        }
        if self.keeping.pending.is_empty() {
            self.keeping.revision = self.keeping.revision.max(self.revision);
        }
        let newest = self.revision;
        for waiting in &mut self.waiting {
            if let Goal::Flush(revision) = &mut waiting.goal
                && *revision > seen
            {
                *revision = newest;
            }
        }
        self.all_changed();
    }

    /// One edit after the other, all of them or none. A line that another tab had added too is that one
    /// from now on.
    fn edit_again(&mut self, edits: &mut [Edit]) -> Result<Change, Vec<Refusal>> {
        let mut draft = self.draft.clone();
        let mut all = Change::default();
        let mut aliases = Vec::new();
        for edit in edits {
            self.resolve_line(&mut edit.raw);
            edit.command = Command::read(&edit.raw, &mut LineIds::from(edit.ids))?;
            let change = draft.apply(&edit.command)?;
            if let Some(line) = change.line.filter(|line| *line != edit.ids) {
                aliases.push((edit.ids, line));
            }
            all.join(change);
        }
        self.draft = draft;
        self.keeping.aliases.append(&mut aliases);
        Ok(all)
    }

    /// Puts the id of a line in place of one that it took over.
    pub(super) fn resolve_line(&self, raw: &mut Value) {
        let id = raw.get("lineId").and_then(Value::as_str).and_then(LineId::parse);
        let now = id.and_then(|id| self.keeping.aliases.iter().find(|(lost, _)| *lost == id));
        if let (Some((_, now)), Value::Object(members)) = (now, raw) {
            members.set("lineId", Value::String(now.to_text()));
        }
    }

    fn conflict(&mut self, edits: Vec<Edit>, errors: &[Refusal]) {
        for edit in edits {
            self.emit(Notice::Conflict { edit: edit.raw, errors: errors.to_vec() });
        }
    }
}
