// Verifies a log and proofs of its records with the libraries that the Go module system uses for its
// own transparency log (golang.org/x/mod/sumdb), which know nothing of ours. Only the layout of
// files (c2sp.org/tlog-tiles) and of proofs (c2sp.org/tlog-proof) is read here.
//
//	foreign_verifier log VKEY FOLDER [OLD-CHECKPOINT...]
//	foreign_verifier proof VKEY PROOF RECORD
//
// Exit code 1 and a line on standard error if anything does not hold.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

// parseTree reads a checkpoint's text as sumdb's own, whose first line alone is another.
func parseTree(origin, text string) (tlog.Tree, error) {
	if !strings.HasPrefix(text, origin+"\n") {
		return tlog.Tree{}, fmt.Errorf("the checkpoint is of another log")
	}
	return tlog.ParseTree([]byte("go.sum database tree\n" + strings.TrimPrefix(text, origin+"\n")))
}

func openCheckpoint(vkey string, bytes []byte) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(bytes, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	return parseTree(verifier.Name(), opened.Text)
}

// folderTiles reads tiles as a monitor gets them.
type folderTiles string

func (folder folderTiles) Height() int                     { return tileHeight }
func (folder folderTiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (folder folderTiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range tiles {
		read, err := os.ReadFile(folder.path(tile))
		if err != nil {
			return nil, err
		}
		data = append(data, read)
	}
	return data, nil
}

// path has no height in it, other than sumdb's.
func (folder folderTiles) path(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
	return filepath.Join(string(folder), "tile", strings.Replace(path, "data/", "entries/", 1))
}

// records calls visit for each entry of a bundle.
func records(bundle []byte, visit func(record []byte) error) error {
	for len(bundle) > 0 {
		if len(bundle) < 2 {
			return fmt.Errorf("an entry bundle ends in a length")
		}
		size := int(binary.BigEndian.Uint16(bundle))
		if len(bundle) < 2+size {
			return fmt.Errorf("an entry bundle ends in a record")
		}
		if err := visit(bundle[2 : 2+size]); err != nil {
			return err
		}
		bundle = bundle[2+size:]
	}
	return nil
}

// checkRecords compares every record with the tree's leaf at its place.
func checkRecords(tree tlog.Tree, tiles folderTiles, hashes tlog.HashReader) error {
	for begin := int64(0); begin < tree.N; begin += 1 << tileHeight {
		width := tree.N - begin
		if width > 1<<tileHeight {
			width = 1 << tileHeight
		}
		bundle, err := os.ReadFile(tiles.path(tlog.Tile{H: tileHeight, L: -1, N: begin >> tileHeight, W: int(width)}))
		if err != nil {
			return err
		}
		var indexes []int64
		for i := begin; i < begin+width; i++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, i))
		}
		leaves, err := hashes.ReadHashes(indexes)
		if err != nil {
			return err
		}
		count := int64(0)
		err = records(bundle, func(record []byte) error {
			if count == width || tlog.RecordHash(record) != leaves[count] {
				return fmt.Errorf("record %d is not the one in the tree", begin+count)
			}
			count++
			return nil
		})
		if err != nil {
			return err
		}
		if count != width {
			return fmt.Errorf("record %d is missing", begin+count)
		}
	}
	return nil
}

// checkTiles recomputes every tile from the authenticated hashes below it.
func checkTiles(tree tlog.Tree, tiles folderTiles, hashes tlog.HashReader) error {
	published := tlog.NewTiles(tileHeight, 0, tree.N)
	for i, tile := range published {
		if i+1 < len(published) && published[i+1].L == tile.L && published[i+1].N == tile.N {
			continue // as it was before it grew; nobody need keep that
		}
		want, err := tlog.ReadTileData(tile, hashes)
		if err != nil {
			return err
		}
		got, err := os.ReadFile(tiles.path(tile))
		if err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("%s is not that of the tree", tile.Path())
		}
	}
	return nil
}

func verifyLog(vkey, folder string, oldFiles []string) error {
	current, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(vkey, current)
	if err != nil {
		return err
	}
	if tree.N == 0 {
		return fmt.Errorf("the log is empty")
	}
	tiles := folderTiles(folder)
	hashes := tlog.TileHashReader(tree, tiles)
	if root, err := tlog.TreeHash(tree.N, hashes); err != nil {
		return err
	} else if root != tree.Hash {
		return fmt.Errorf("the tiles have another root than the checkpoint")
	}
	if err := checkTiles(tree, tiles, hashes); err != nil {
		return err
	}
	if err := checkRecords(tree, tiles, hashes); err != nil {
		return err
	}
	for _, file := range oldFiles {
		bytes, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		old, err := openCheckpoint(vkey, bytes)
		if err != nil {
			return fmt.Errorf("%s: %v", file, err)
		}
		if old.N == 0 {
			continue
		}
		if old.N > tree.N {
			return fmt.Errorf("the log has %d records and had %d", tree.N, old.N)
		}
		proof, err := tlog.ProveTree(tree.N, old.N, hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
			return fmt.Errorf("%s: %v", file, err)
		}
	}
	fmt.Println(tree.N)
	return nil
}

func verifyProof(vkey, proofFile, recordFile string) error {
	text, err := os.ReadFile(proofFile)
	if err != nil {
		return err
	}
	record, err := os.ReadFile(recordFile)
	if err != nil {
		return err
	}
	head, checkpoint, found := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		return fmt.Errorf("not a proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		bytes, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(bytes) != tlog.HashSize {
			return fmt.Errorf("a hash of the proof is malformed")
		}
		var hash tlog.Hash
		copy(hash[:], bytes)
		proof = append(proof, hash)
	}
	tree, err := openCheckpoint(vkey, []byte(checkpoint))
	if err != nil {
		return err
	}
	if index < 0 || index >= tree.N {
		return fmt.Errorf("the tree has no record %d", index)
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(record))
}

func main() {
	var err error
	switch {
	case len(os.Args) >= 4 && os.Args[1] == "log":
		err = verifyLog(os.Args[2], os.Args[3], os.Args[4:])
	case len(os.Args) == 5 && os.Args[1] == "proof":
		err = verifyProof(os.Args[2], os.Args[3], os.Args[4])
	default:
		err = fmt.Errorf("usage: foreign_verifier log VKEY FOLDER [OLD-CHECKPOINT...] | proof VKEY PROOF RECORD")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
