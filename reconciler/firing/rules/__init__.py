"""The rules by which recurrences and cron expressions fire."""
