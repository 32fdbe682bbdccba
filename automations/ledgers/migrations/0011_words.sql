-- What people said of a mail and why, beside the last words of the server: it must outlive the sending.

ALTER TABLE mail ADD COLUMN words TEXT NOT NULL DEFAULT '';
