-- What a mail carries beside its words, addresses that nothing reaches, and since when a mail is in doubt.

ALTER TABLE mail ADD COLUMN list_id TEXT NOT NULL DEFAULT '';
ALTER TABLE mail ADD COLUMN attachments TEXT NOT NULL DEFAULT '[]';

CREATE TABLE suppression (
  address TEXT PRIMARY KEY,
  since TEXT NOT NULL,
  until TEXT NOT NULL,
  reason TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE mail_doubt (
  message_id TEXT PRIMARY KEY REFERENCES mail (message_id),
  since TEXT NOT NULL
) WITHOUT ROWID;
