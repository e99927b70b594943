"""Rules as Python calls them, for the readable engine: each is compiled once more, by itself."""

from sojourn.sim import arriving, recording, rules, timing
from sojourn.sim.compiling import from_python

born = from_python(rules.born)
brought = from_python(rules.brought)
next_invitee = from_python(rules.next_invitee)
enter = from_python(rules.enter)
proceed = from_python(rules.proceed)
agents_at = from_python(rules.agents_at)
rank_at_desk = from_python(rules.rank_at_desk)
patience = from_python(rules.patience)
handling = from_python(rules.handling)
time_to_invitation = from_python(timing.time_to_invitation)
admitted = from_python(arriving.admitted)
record = from_python(recording.record)
record_contact = from_python(recording.record_contact)
register = from_python(recording.register)
