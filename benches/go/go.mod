module locus-benches

go 1.19
