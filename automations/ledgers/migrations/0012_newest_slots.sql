-- The newest slots of an automation, without looking through all it ever had.

CREATE INDEX slot_newest ON slot (automation, due);
