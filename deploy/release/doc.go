// Command release makes the parts of a release that take more than a shell: what is in a binary (an SBOM, and the licences of
// what it is made of), and a container image. Its output depends on its input alone.
package main
