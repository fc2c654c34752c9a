// Package soak runs a magent for hours, with clients of many kinds and a fault every few seconds. Once a second it
// takes down what the process needs and how long clients wait. In the end it draws that, and fails if something grows.
//
// -soak says how long, -rate how many requests a second there are, and -seed repeats the random choices. The folder
// MAGENT_ARTIFACTS gets the samples (soak.csv) and the picture (soak.png).
//
// What clients see is judged coarsely here: a value has to belong to its key. Package chaos judges it exactly.
package soak
