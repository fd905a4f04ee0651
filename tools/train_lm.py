"""Train a language model over glosses."""

from cslrkit.utils.cli import make_parser, run_tool
from cslrkit.utils.messages import plural


def main() -> None:
    """Parse the arguments, count, write."""
    parser = make_parser(
        'Train an n-gram language model over glosses (modified Kneser-Ney) for the beam search, as an ARPA file.',
        'python tools/train_lm.py data/synthsign/preprocess/train_info.npy --order 3 --out gloss.arpa',
    )
    parser.add_argument(
        'sentences',
        help='train_info.npy of a prepared corpus, or a text file: a sentence a line, glosses apart by spaces',
    )
    parser.add_argument(
        '--order', type=int, choices=(2, 3, 4, 5), default=3, help='glosses of the longest n-grams (default: 3)'
    )
    parser.add_argument('--out', default='gloss.arpa', metavar='ARPA', help='(default: %(default)s)')
    args = parser.parse_args()

    from cslrkit.decoders.language_model.kneser_ney import read_sentences, train_ngrams, write_arpa

    sentences = read_sentences(args.sentences)
    model = train_ngrams(sentences, args.order)
    write_arpa(model, args.out)
    counts = ', '.join(f'{len(grams)} {order}-grams' for order, grams in enumerate(model, start=1))
    print(f'written: {args.out}, {counts} from {plural(len(sentences), "sentence")}')


if __name__ == '__main__':
    run_tool(main)
