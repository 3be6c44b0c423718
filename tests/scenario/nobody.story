# For whose domain no directory is: that is no news to a clock.

STORY as long as a directory takes to say that it has nobody
DIRECTORY corp example.org
START
MOOD corp late
ASK nobody@example.org
TIME_PASSES 100ms
MOOD corp answers
ANSWER none no_entry layer=directory
ASK someone@elsewhere.example
NO_ANSWER
TIME_PASSES 99ms
NO_ANSWER
TIME_PASSES 1ms
ANSWER none no_directory layer=directory
SEARCHES corp 1

STORY and the second time both come from memory
DIRECTORY corp example.org
SET cache.negttl "5m"
START
MOOD corp late
ASK nobody@example.org
TIME_PASSES 100ms
MOOD corp answers
ANSWER none no_entry layer=directory
ASK someone@elsewhere.example
TIME_PASSES 100ms
ANSWER none no_directory layer=directory
ASK someone@elsewhere.example
ANSWER none no_directory layer=memory fresh life<=5m
ASK nobody@example.org
ANSWER none no_entry layer=memory fresh life<=5m

STORY before any directory had nobody there is nothing to be like
DIRECTORY corp example.org
START
ASK someone@elsewhere.example
ANSWER none no_directory layer=directory

STORY a directory that takes very long is not imitated to the end
DIRECTORY corp example.org
START
MOOD corp late
ASK nobody@example.org
TIME_PASSES 2s
MOOD corp answers
ANSWER none no_entry
ASK someone@elsewhere.example
TIME_PASSES 249ms
NO_ANSWER
TIME_PASSES 1ms
ANSWER none no_directory

STORY two who ask the same wait for the same answer
DIRECTORY corp example.org
START
MOOD corp late
ASK nobody@example.org
TIME_PASSES 100ms
MOOD corp answers
ANSWER none no_entry
ASK someone@elsewhere.example
TIME_PASSES 50ms
ASK someone@elsewhere.example
NO_ANSWER
TIME_PASSES 50ms
ANSWER none no_directory times=2

STORY the end does not wait for it
DIRECTORY corp example.org
START
MOOD corp late
ASK nobody@example.org
TIME_PASSES 100ms
MOOD corp answers
ANSWER none no_entry
ASK someone@elsewhere.example
NO_ANSWER
DRAIN
ANSWER unknown shutting_down

STORY a directory that a reload brings is asked, whatever was said before
DIRECTORY corp example.org
START
ASK alice@elsewhere.example
ANSWER none no_directory
DIRECTORY other elsewhere.example
HAS other alice@elsewhere.example good
RELOAD
ASK alice@elsewhere.example
ANSWER found
SEARCHES other 1
