# Directories asked for a name: equal ones that are under way are asked for once.

STORY sixty-four who ask for equal names at a time cost each directory one search
DIRECTORY corp example.org
DIRECTORY partner example.com
START
HAS corp carol@example.org -
CALLED corp carol@example.org Carol_Clark
HAS partner carol@example.com -
CALLED partner carol@example.com Carol_Clark
ASK_NAME Carol_Clark 64
NAMED 64 found - carol@example.org carol@example.com
SEARCHES corp 1
SEARCHES partner 1
ASK_NAME Carol_Clark
NAMED 1 found - carol@example.org carol@example.com
SEARCHES corp 2

STORY names are equal whatever the case of their letters, and no others are
DIRECTORY corp example.org
START
HAS corp carol@example.org -
CALLED corp carol@example.org Carol_Clark
MOOD corp late
ASK_NAME Carol_Clark
ASK_NAME CAROL_clark
ASK_NAME Carol_Clarke
ASK_NAME Carol_Groß
ASK_NAME Carol_Gross
NOT_NAMED
SEARCHES corp 4
MOOD corp answers
NAMED 3 none -
NAMED 2 found - carol@example.org
NOT_NAMED

STORY who joins late gets what has come by the deadline of the first
SET lookup.deadline "5s"
DIRECTORY corp example.org
DIRECTORY partner example.com
START
HAS corp carol@example.org -
CALLED corp carol@example.org Carol
MOOD partner hangs
ASK_NAME Carol
TIME_PASSES 4s
ASK_NAME carol
NOT_NAMED
TIME_PASSES 1s
NAMED 2 found deadline carol@example.org
SEARCHES partner 1

STORY while one directory is down nobody is told that there is none
DIRECTORY corp example.org
DIRECTORY partner example.com
START
MOOD partner down
ASK_NAME Nobody 3
NAMED 3 unknown directory_unavailable
MOOD partner cuts
ASK_NAME Nobody 3
NAMED 3 unknown directory_limit

STORY a reload in between: what was asked before comes, and is for nobody after it
DIRECTORY corp example.org
START
HAS corp carol@example.org -
CALLED corp carol@example.org Carol
MOOD corp late
ASK_NAME Carol 2
DIRECTORY partner example.com
RELOAD
ASK_NAME Carol 2
SEARCHES corp 2
SEARCHES partner 1
NOT_NAMED
MOOD corp answers
NAMED 4 found - carol@example.org

STORY the end answers everybody who waits, and nobody joins after it
DIRECTORY corp example.org
START
MOOD corp hangs
ASK_NAME Carol 3
NOT_NAMED
DRAIN
NAMED 3 unknown shutting_down
ASK_NAME Carol
NAMED 1 unknown shutting_down
SEARCHES corp 1

STORY for who may ask for open domains alone, those directories alone that may have them
SET limits.domains [ "example.com", "*.example.net" ]
DIRECTORY corp example.org
DIRECTORY below *.example.com
DIRECTORY partner example.com
DIRECTORY net *.a.example.net
DIRECTORY any *
START
HAS corp carol@example.org -
CALLED corp carol@example.org Carol
HAS partner carol@example.com -
CALLED partner carol@example.com Carol
ASK_NAME_OPEN Carol
NAMED 1 found - carol@example.com
SEARCHES corp 0
SEARCHES below 0
SEARCHES partner 1
SEARCHES net 1
SEARCHES any 1

STORY who asks other directories does not join, in either order
SET limits.domains [ "example.com" ]
DIRECTORY corp example.org
DIRECTORY partner example.com
START
HAS corp carol@example.org -
CALLED corp carol@example.org Carol
MOOD partner late
ASK_NAME_OPEN Carol 2
ASK_NAME Carol 2
ASK_NAME_OPEN Carol 2
SEARCHES corp 1
SEARCHES partner 2
MOOD partner answers
NAMED 2 found - carol@example.org
NAMED 4 none -

STORY where every directory is open all are the same
SET limits.domains [ "example.com" ]
DIRECTORY partner example.com
START
MOOD partner late
ASK_NAME_OPEN Carol
ASK_NAME Carol
SEARCHES partner 1
MOOD partner answers
NAMED 2 none -

STORY where no directory is open nobody is asked, and nobody is there
SET limits.domains [ "example.net" ]
DIRECTORY partner example.com
START
ASK_NAME_OPEN Carol
NAMED 1 none -
SEARCHES partner 0

STORY the sixty-fifth name at a time is refused, and one that is under way is joined even then
DIRECTORY corp example.org
START
MOOD corp hangs
ASK_NAME name0
ASK_NAME name1
ASK_NAME name2
ASK_NAME name3
ASK_NAME name4
ASK_NAME name5
ASK_NAME name6
ASK_NAME name7
ASK_NAME name8
ASK_NAME name9
ASK_NAME name10
ASK_NAME name11
ASK_NAME name12
ASK_NAME name13
ASK_NAME name14
ASK_NAME name15
ASK_NAME name16
ASK_NAME name17
ASK_NAME name18
ASK_NAME name19
ASK_NAME name20
ASK_NAME name21
ASK_NAME name22
ASK_NAME name23
ASK_NAME name24
ASK_NAME name25
ASK_NAME name26
ASK_NAME name27
ASK_NAME name28
ASK_NAME name29
ASK_NAME name30
ASK_NAME name31
ASK_NAME name32
ASK_NAME name33
ASK_NAME name34
ASK_NAME name35
ASK_NAME name36
ASK_NAME name37
ASK_NAME name38
ASK_NAME name39
ASK_NAME name40
ASK_NAME name41
ASK_NAME name42
ASK_NAME name43
ASK_NAME name44
ASK_NAME name45
ASK_NAME name46
ASK_NAME name47
ASK_NAME name48
ASK_NAME name49
ASK_NAME name50
ASK_NAME name51
ASK_NAME name52
ASK_NAME name53
ASK_NAME name54
ASK_NAME name55
ASK_NAME name56
ASK_NAME name57
ASK_NAME name58
ASK_NAME name59
ASK_NAME name60
ASK_NAME name61
ASK_NAME name62
ASK_NAME name63
NOT_NAMED
ASK_NAME another
NAMED 1 unknown overloaded
COUNTED name_searches_limited 1
ASK_NAME name7 9
NOT_NAMED
SEARCHES corp 64
COUNTED name_searches_limited 1
