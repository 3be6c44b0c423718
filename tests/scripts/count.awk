# Counts recorded TAP. The last line says what came of it; the status is 1 when anything failed or was skipped.
# What a test that failed had to say (the lines with # after it) is shown again.
FNR == 1 { telling = 0 }
/^(not )?ok / { telling = 0 }
/^ok / && !/# (SKIP|skip)/ { passed++ }
/# (SKIP|skip)/ && /^(not )?ok / { skipped++; print "skipped: " FILENAME ": " $0 }
/^not ok / && !/# (SKIP|skip)/ { failed++; telling = 40; print FILENAME ": " $0 }
/^#/ && telling > 0 { telling--; print "    " $0 }
/^1\.\.[0-9]+/ { planned += substr($0, 4) }
END {
    missing = planned - passed - failed - skipped
    if (missing > 0) {
        print missing " planned tests did not run"
        failed += missing
    }
    if (skipped > 0) {
        print skipped " skipped tests count as failed"
        failed += skipped
    }
    if (passed + failed == 0) {
        print "no test ran"
        failed = 1
    }
    printf "%d passed, %d failed\n", passed, failed
    exit failed > 0
}
