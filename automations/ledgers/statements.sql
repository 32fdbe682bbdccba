-- Every statement of the ledger, each under its name and a sentence. Python holds no SQL.

-- name: knows
-- Whether a run ended well, or claimed notices, for a workbook (and an automation); one that only told the admin something does not count.
SELECT EXISTS (
  SELECT 1 FROM run
  WHERE workbook = :workbook AND automation <> 'serve'
    AND (:automation IS NULL OR automation = :automation)
    AND (state = 'done' OR EXISTS (SELECT 1 FROM notice WHERE notice.run_id = run.id))
) AS known;

-- name: begin_run
-- Open a run and return its number.
INSERT INTO run (automation, workbook, started_at, config_hash, plan_fingerprint, state)
VALUES (:automation, :workbook, :started_at, :config_hash, :plan_fingerprint, 'started')
RETURNING id;

-- name: end_run
-- Close a run that is still open.
UPDATE run SET state = :state, ended_at = :ended_at, reason = :reason, counts = :counts
WHERE id = :run_id AND state = 'started';

-- name: workbook_of
-- The workbook a run belongs to.
SELECT workbook FROM run WHERE id = :run_id;

-- name: runs
-- The newest runs.
SELECT * FROM run
WHERE (:workbook IS NULL OR workbook = :workbook) AND (:automation IS NULL OR automation = :automation)
ORDER BY id DESC LIMIT :limit;

-- name: mark_undone
-- Note which run took this one back, once.
UPDATE run SET undone_by = :by_run_id WHERE id = :run_id AND undone_by IS NULL;

-- name: journal
-- Note a change before it is written.
INSERT INTO change (run_id, kind, table_name, key, column_name, row_at, old_value, new_value, rule, content, state)
VALUES (:run_id, :kind, :table_name, :key, :column_name, :row_at, :old_value, :new_value, :rule, :content, 'planned');

-- name: settle_change
-- Note what became of a planned change.
UPDATE change SET state = :state, reason = :reason
WHERE run_id = :run_id AND table_name = :table_name AND key = :key AND column_name = :column_name AND state = 'planned';

-- name: remember_cell
-- Keep the value last written into a cell; a late settlement of an older run does not replace a newer value.
INSERT INTO cell (workbook, table_name, key, column_name, value, run_id)
VALUES (:workbook, :table_name, :key, :column_name, :new_value, :run_id)
ON CONFLICT (workbook, table_name, key, column_name) DO UPDATE SET value = excluded.value, run_id = excluded.run_id
WHERE excluded.run_id >= cell.run_id;

-- name: last_applied
-- The values last written into a column at the wanted keys; :keys is a JSON list.
SELECT cell.key, cell.value
FROM json_each(:keys) AS wanted CROSS JOIN cell
WHERE cell.workbook = :workbook AND cell.table_name = :table_name AND cell.key = wanted.value AND cell.column_name = :column_name;

-- name: strangers
-- The wanted keys of which no cell of a table is known; :keys is a JSON list.
SELECT wanted.value AS key FROM json_each(:keys) AS wanted
WHERE NOT EXISTS (SELECT 1 FROM cell WHERE cell.workbook = :workbook AND cell.table_name = :table_name AND cell.key = wanted.value);

-- name: last_refused
-- What was last to be written into a column at the wanted keys, where that was refused; :keys is a JSON list.
SELECT change.key, change.old_value, change.new_value, change.reason, run.started_at
FROM change JOIN run ON run.id = change.run_id
WHERE change.id IN (
  SELECT max(latest.id) FROM json_each(:keys) AS wanted CROSS JOIN change AS latest JOIN run AS of ON of.id = latest.run_id
  WHERE latest.table_name = :table_name AND latest.key = wanted.value AND latest.column_name = :column_name AND of.workbook = :workbook
  GROUP BY latest.key)
AND change.state = 'refused' AND change.kind = 'cell';

-- name: changes_of
-- All changes of a run.
SELECT * FROM change WHERE run_id = :run_id ORDER BY id;

-- name: in_doubt
-- Changes of a workbook that were journalled and never settled.
SELECT change.* FROM change JOIN run ON run.id = change.run_id
WHERE run.workbook = :workbook AND change.state = 'planned'
ORDER BY change.id;

-- name: claim_notice
-- Claim a notice by its identity; changes nothing when it was claimed before, unless the mail it stood in never was to leave as it was.
INSERT INTO notice (workbook, identity, run_id, policy, rule, table_name, key, rung, episode, template, reader, address, language,
  facts, claimed_as, reason, state)
VALUES (:workbook, :identity, :run_id, :policy, :rule, :table_name, :key, :rung, :episode, :template, :reader, :address, :language,
  :facts, :claimed_as, :reason, :claimed_as)
ON CONFLICT (workbook, identity) DO UPDATE SET
  run_id = excluded.run_id,
  template = excluded.template,
  reader = excluded.reader,
  language = excluded.language,
  facts = excluded.facts,
  claimed_as = excluded.claimed_as,
  reason = excluded.reason,
  state = excluded.state
WHERE notice.state IN ('draft', 'held', 'released', 'withdrawn');

-- name: known_notices
-- The states of the wanted identities; :identities is a JSON list.
SELECT notice.identity, notice.state
FROM json_each(:identities) AS wanted CROSS JOIN notice
WHERE notice.workbook = :workbook AND notice.identity = wanted.value;

-- name: notices_of
-- All notices a run claimed.
SELECT notice.*, run.started_at FROM notice JOIN run ON run.id = notice.run_id WHERE notice.run_id = :run_id ORDER BY notice.id;

-- name: notices_about
-- All notices about the rows of a table; :keys is a JSON list.
SELECT notice.*, run.started_at
FROM json_each(:keys) AS wanted CROSS JOIN notice CROSS JOIN run
WHERE notice.workbook = :workbook AND notice.table_name = :table_name AND notice.key = wanted.value AND run.id = notice.run_id
ORDER BY notice.id;

-- name: settle_notices
-- Let the notices in a mail share its fate.
UPDATE notice SET state = :state
WHERE workbook = (SELECT workbook FROM mail WHERE message_id = :message_id)
  AND identity IN (SELECT identity FROM mail_notice WHERE message_id = :message_id);

-- name: put_mail
-- Put a frozen mail into the outbox; one that is there is written anew only while it waits for a person. What a person said of it stays.
INSERT INTO mail (message_id, run_id, workbook, recipient, reader, subject, text, html, identities, sent_at, language, reply_to,
  list_id, attachments, state, reply)
VALUES (:message_id, :run_id, :workbook, :recipient, :reader, :subject, :text, :html, :identities, :sent_at, :language, :reply_to,
  :list_id, :attachments, :state, :reply)
ON CONFLICT (message_id) DO UPDATE SET
  run_id = excluded.run_id,
  recipient = excluded.recipient,
  reader = excluded.reader,
  subject = excluded.subject,
  text = excluded.text,
  html = excluded.html,
  sent_at = excluded.sent_at,
  language = excluded.language,
  reply_to = excluded.reply_to,
  list_id = excluded.list_id,
  attachments = excluded.attachments,
  tries = 0,
  next_try = NULL,
  state = CASE WHEN mail.state = 'released' AND excluded.state <> 'pending' THEN 'released' ELSE excluded.state END,
  reply = excluded.reply
WHERE mail.state IN ('draft', 'held', 'released', 'withdrawn');

-- name: put_in_mail
-- Note that a notice stands in a mail.
INSERT INTO mail_notice (workbook, identity, message_id) VALUES (:workbook, :identity, :message_id);

-- name: out_of_mail
-- Take the notices out of a mail.
DELETE FROM mail_notice WHERE message_id = :message_id;

-- name: pending_mails
-- Mails waiting to be sent, without those whose next try is still to come.
SELECT * FROM mail WHERE state = 'pending' AND (next_try IS NULL OR :now IS NULL OR next_try <= :now) ORDER BY id;

-- name: pending_ids
-- The message ids of mails waiting to be sent, without those whose next try is still to come.
SELECT message_id FROM mail WHERE state = 'pending' AND (next_try IS NULL OR :now IS NULL OR next_try <= :now) ORDER BY id;

-- name: mails
-- Mails by their message ids, oldest first; :message_ids is a JSON list.
SELECT mail.* FROM json_each(:message_ids) AS wanted JOIN mail ON mail.message_id = wanted.value ORDER BY mail.id;

-- name: put_off
-- Let a mail that did not leave wait for its next try.
UPDATE mail SET state = 'pending', reply = :reply, tries = tries + :counted, next_try = :next_try
WHERE message_id = :message_id AND state IN ('pending', 'sending');

-- name: sent_to
-- How many mails each reader got, or is to get, since a moment, over all workbooks.
SELECT recipient, count(*) AS mails FROM mail
WHERE sent_at >= :since AND state IN ('pending', 'sending', 'sent', 'unknown')
GROUP BY recipient;

-- name: told_about
-- How often somebody was told about each row of a workbook since a moment.
SELECT notice.table_name, notice.key, count(*) AS notices
FROM mail JOIN mail_notice ON mail_notice.message_id = mail.message_id
JOIN notice ON notice.workbook = mail_notice.workbook AND notice.identity = mail_notice.identity
WHERE mail.workbook = :workbook AND mail.sent_at >= :since AND mail.state IN ('pending', 'sending', 'sent', 'unknown')
GROUP BY notice.table_name, notice.key;

-- name: outbox
-- The newest mails in some states; :states is a JSON list, empty for any.
SELECT * FROM mail
WHERE (json_array_length(:states) = 0 OR state IN (SELECT value FROM json_each(:states)))
  AND (:workbook IS NULL OR workbook = :workbook)
ORDER BY id DESC LIMIT :limit;

-- name: settle_mail
-- Step a mail to a state, only from the states it may come from (a JSON list), and while it is what a person saw; a word is kept for good.
UPDATE mail SET state = :state, reply = :reply,
  words = CASE WHEN words = '' OR :word = '' THEN words || :word ELSE words || '; ' || :word END,
  tries = CASE WHEN :state = 'pending' THEN 0 ELSE tries END, next_try = CASE WHEN :state = 'pending' THEN NULL ELSE next_try END
WHERE message_id = :message_id AND state IN (SELECT value FROM json_each(:comes_from))
  AND (:seen_state IS NULL OR (state = :seen_state AND reply = :seen_reply AND words = :seen_words));

-- name: note_word
-- Keep what people said of a mail beside another that carries its matters now.
UPDATE mail SET words = CASE WHEN words = '' THEN :word ELSE words || '; ' || :word END WHERE message_id = :message_id;

-- name: mail_at
-- One mail by its message id.
SELECT * FROM mail WHERE message_id = :message_id;

-- name: note_doubt
-- Remember since when a mail is in doubt; what is remembered stays.
INSERT INTO mail_doubt (message_id, since) VALUES (:message_id, :now) ON CONFLICT (message_id) DO NOTHING;

-- name: doubted_since
-- Since when a mail is in doubt.
SELECT since FROM mail_doubt WHERE message_id = :message_id;

-- name: forget_doubt
-- A mail that steps into doubt anew is in doubt only since then.
DELETE FROM mail_doubt WHERE message_id = :message_id;

-- name: suppress
-- Keep an address from being written to until a day; the later end counts.
INSERT INTO suppression (address, since, until, reason) VALUES (:address, :since, :until, :reason)
ON CONFLICT (address) DO UPDATE SET since = excluded.since, until = excluded.until, reason = excluded.reason
WHERE excluded.until >= suppression.until;

-- name: suppressions
-- Every address that was ever suppressed and not lifted, in order.
SELECT * FROM suppression ORDER BY address;

-- name: lift
-- Let an address be written to again.
DELETE FROM suppression WHERE address = :address;

-- name: note_bounce
-- Keep behind the words about a mail that it came back.
UPDATE mail SET reply = mail.reply || '; ' || :reason WHERE message_id = :message_id;

-- name: add_transition
-- Append an observed transition.
INSERT INTO transition (run_id, workbook, table_name, key, watch, old_value, new_value, seen_at, not_before)
VALUES (:run_id, :workbook, :table_name, :key, :watch, :old_value, :new_value, :seen_at, :not_before);

-- name: transitions
-- The log of a workbook.
SELECT * FROM transition WHERE workbook = :workbook ORDER BY id;

-- name: watched
-- The last known value of each watched condition.
SELECT table_name, key, watch, new_value FROM transition
WHERE id IN (SELECT max(id) FROM transition WHERE workbook = :workbook GROUP BY table_name, key, watch);

-- name: findings
-- Every finding of a workbook.
SELECT * FROM finding WHERE workbook = :workbook;

-- name: see_finding
-- Note a finding as new, as still there, or as back: with the next episode if it was fixed before :flapping, else with the same.
INSERT INTO finding (workbook, rule, key, column_name, first_seen, last_seen, fixed_at, episode, seen_by)
VALUES (:workbook, :rule, :key, :column_name, :now, :now, NULL, 1, :run_id)
ON CONFLICT (workbook, rule, key, column_name) DO UPDATE SET
  first_seen = CASE WHEN finding.fixed_at IS NULL OR finding.fixed_at > :flapping THEN finding.first_seen ELSE excluded.first_seen END,
  episode = CASE WHEN finding.fixed_at IS NULL OR finding.fixed_at > :flapping THEN finding.episode ELSE finding.episode + 1 END,
  last_seen = excluded.last_seen,
  fixed_at = NULL,
  seen_by = excluded.seen_by;

-- name: fix_findings
-- Note as fixed what this run judged and did not see; :rules is a JSON list, or null for all.
UPDATE finding SET fixed_at = :now
WHERE workbook = :workbook AND fixed_at IS NULL AND seen_by <> :run_id
  AND (:rules IS NULL OR rule IN (SELECT value FROM json_each(:rules)));

-- name: keep_config
-- Keep the text of a configuration, once.
INSERT INTO config_version (hash, text, accepted_at) VALUES (:config_hash, :text, :accepted_at) ON CONFLICT (hash) DO NOTHING;

-- name: config_text
-- The text of a configuration.
SELECT text FROM config_version WHERE hash = :config_hash;

-- name: config_versions
-- The newest versions of the configuration, without their texts.
SELECT hash, accepted_at FROM config_version ORDER BY accepted_at DESC, rowid DESC LIMIT :limit;

-- name: offer_slot
-- Note a slot that has come (or is given up at once); changes nothing when it is known.
INSERT INTO slot (automation, workbook, due, state, not_before, changed_at, why, skipped)
VALUES (:automation, :workbook, :due, :state, :due, :now, :why, :skipped)
ON CONFLICT (automation, workbook, due) DO NOTHING;

-- name: take_slot
-- Begin a slot that waits.
UPDATE slot SET state = 'running', attempts = attempts + 1, owner = :owner, changed_at = :now
WHERE automation = :automation AND workbook = :workbook AND due = :due AND state = 'due' AND not_before <= :now;

-- name: end_slot
-- Settle a slot of ours that runs; `due` again means another attempt not before the moment given.
UPDATE slot SET state = :state, changed_at = :now, why = :why, not_before = :not_before, run_id = :run_id
WHERE automation = :automation AND workbook = :workbook AND due = :due AND state = 'running' AND owner = :owner;

-- name: drop_slots
-- Give up slots of an automation that wait and are older than one that has come.
UPDATE slot SET state = :state, changed_at = :now, why = :why
WHERE automation = :automation AND workbook = :workbook AND state = 'due' AND due < :due;

-- name: orphaned_slots
-- Slots whose process is gone wait again.
UPDATE slot SET state = 'due', changed_at = :now, why = :why WHERE state = 'running' AND owner <> :owner;

-- name: slots
-- The newest slots in some states; :states is a JSON list, empty for any.
SELECT * FROM slot
WHERE json_array_length(:states) = 0 OR state IN (SELECT value FROM json_each(:states))
ORDER BY due DESC, automation LIMIT :limit;

-- name: slots_of
-- The newest slots of one automation in some states.
SELECT * FROM slot
WHERE automation = :automation AND (json_array_length(:states) = 0 OR state IN (SELECT value FROM json_each(:states)))
ORDER BY due DESC LIMIT :limit;

-- name: open_slots
-- The newest slots, of one automation or of all, in states that are not settled: a ledger holds few, however old it is.
SELECT * FROM slot
WHERE state IN ('due', 'running') AND state IN (SELECT value FROM json_each(:states))
  AND (:automation IS NULL OR automation = :automation)
ORDER BY due DESC, automation LIMIT :limit;

-- name: slot_at
-- One slot.
SELECT * FROM slot WHERE automation = :automation AND workbook = :workbook AND due = :due;

-- name: last_slot
-- The newest known slot of an automation that is not later than a moment.
SELECT max(due) AS due FROM slot WHERE automation = :automation AND workbook = :workbook AND due <= :now;

-- name: forget_slots
-- Settled slots older than a moment; the newest of each automation stay.
DELETE FROM slot
WHERE state IN ('done', 'failed', 'skipped') AND due < :before
  AND due < (SELECT max(due) FROM slot AS newer WHERE newer.automation = slot.automation AND newer.state = slot.state);

-- name: take_lease
-- Hold a resource that is free, or whose holder let it run out; every taking counts the epoch up.
INSERT INTO lease (resource, owner, epoch, expires) VALUES (:resource, :owner, 1, :expires)
ON CONFLICT (resource) DO UPDATE SET owner = excluded.owner, epoch = lease.epoch + 1, expires = excluded.expires
WHERE lease.expires <= :now
RETURNING epoch;

-- name: renew_leases
-- Hold on to everything an owner holds.
UPDATE lease SET expires = :expires WHERE owner = :owner AND expires > :now;

-- name: leases
-- Who holds what.
SELECT * FROM lease WHERE expires > :now ORDER BY resource;

-- name: holds_lease
-- Whether a taking still holds.
SELECT 1 AS held FROM lease WHERE resource = :resource AND owner = :owner AND epoch = :epoch AND expires > :now;

-- name: release_lease
-- Let go of a resource; the epoch stays.
UPDATE lease SET expires = '' WHERE resource = :resource AND owner = :owner AND epoch = :epoch;

-- name: release_leases
-- Let go of everything owners of this kind hold, when it is known that they are gone.
UPDATE lease SET expires = '' WHERE owner LIKE :owners;

-- name: note_trouble
-- Count one more of a trouble, and return it.
INSERT INTO trouble (name, since, last_at, times, why) VALUES (:name, :now, :now, 1, :why)
ON CONFLICT (name) DO UPDATE SET last_at = excluded.last_at, times = trouble.times + 1, why = excluded.why
RETURNING *;

-- name: tell_trouble
-- Note that the admin is told of a trouble, once.
UPDATE trouble SET told = 1 WHERE name = :name AND told = 0;

-- name: end_trouble
-- A trouble is over; returns what it was.
DELETE FROM trouble WHERE name = :name RETURNING *;

-- name: troubles
-- Everything that is wrong now.
SELECT * FROM trouble ORDER BY since, name;

-- name: meta
-- A named text.
SELECT value FROM meta WHERE name = :name;

-- name: set_meta
-- Set a named text.
INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: first_meta
-- Set a named text that is not set yet.
INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING;

-- name: swap_meta
-- Set a named text that still is what we saw.
UPDATE meta SET value = :value WHERE name = :name AND value = :was;

-- name: claim_digest
-- Take a slot of a digest for a reader, unless it or a later one is taken.
INSERT INTO digest (workbook, digest, reader, slot, run_id, at, message_id, figures)
SELECT :workbook, :digest, :reader, :slot, :run_id, :at, :message_id, :figures
WHERE NOT EXISTS (
  SELECT 1 FROM digest WHERE workbook = :workbook AND digest = :digest AND reader = :reader AND slot >= :slot
);

-- name: digests_claimed
-- The newest slot taken for each reader of a digest.
SELECT reader, max(slot) AS slot FROM digest WHERE workbook = :workbook AND digest = :digest GROUP BY reader;

-- name: digests_sent
-- The digests that reached their readers, oldest first.
SELECT digest.reader, digest.slot, digest.at, digest.message_id, digest.figures FROM digest JOIN mail USING (message_id)
WHERE digest.workbook = :workbook AND digest.digest = :digest AND mail.state = 'sent' ORDER BY digest.slot;

-- name: note_form
-- Keep that the form of a rule and key needs not be made (any more).
INSERT INTO form (workbook, rule, key, run_id, file) VALUES (:workbook, :rule, :key, :run_id, :file)
ON CONFLICT (workbook, rule, key) DO NOTHING;

-- name: forms_noted
-- Every key of a rule whose form needs not be made, with the name it was made under.
SELECT key, file FROM form WHERE workbook = :workbook AND rule = :rule;

-- name: present
-- The database's own time, in seconds since 1970: one clock for all who share it.
SELECT (julianday('now') - 2440587.5) * 86400.0 AS seconds;

-- name: take_place
-- Take the next place for a call in a quota; returns when the one after it is expected.
INSERT INTO pace (bucket, arrival, slow_until) VALUES (:bucket, :now + :spacing, 0)
ON CONFLICT (bucket) DO UPDATE SET arrival =
  CASE WHEN pace.arrival > :now THEN pace.arrival ELSE :now END + CASE WHEN pace.slow_until > :now THEN 2 * :spacing ELSE :spacing END
RETURNING arrival, slow_until;

-- name: slow_pace
-- Let no call of a quota go before a moment, and half as many until another.
INSERT INTO pace (bucket, arrival, slow_until) VALUES (:bucket, :arrival, :slow_until)
ON CONFLICT (bucket) DO UPDATE SET
  arrival = CASE WHEN pace.arrival > excluded.arrival THEN pace.arrival ELSE excluded.arrival END,
  slow_until = CASE WHEN pace.slow_until > excluded.slow_until THEN pace.slow_until ELSE excluded.slow_until END;
