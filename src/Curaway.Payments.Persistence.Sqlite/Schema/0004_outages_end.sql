-- True from the moment an alert of the category was sent until its end was told: an outage's end is told once, over all hosts.
ALTER TABLE alert_cooldowns ADD COLUMN is_open INTEGER NOT NULL DEFAULT 0;
