"""A second application: functions that message each other, wait, forget and fail."""
