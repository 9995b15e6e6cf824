"""Changes in datastores, for targets that have no trigger for them: folders -> submitted jobs.

The truth is in the target: which folder, how often, and whether at all, its live schedules say
(`providers.capabilities.FollowsFolders`). What was seen, and what is owed, is in the state.
"""
