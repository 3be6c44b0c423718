// Where a view answers: a line that tells, and below it what is shown. It is of one question at a time. When another one
// is asked, what the last one brought goes at once, so that nobody takes it for the new one's; when the same is asked
// again it stays, dimmed, until there is something newer.

import { byId, say } from './dom.js';

const PATIENCE_MS = 150; // most answers are there sooner, and what is said until then would only flash

// Who had a button that has been replaced has the new one of this name, or begins where it was.
function keepFocus(result, name) {
    const buttons = [...result.querySelectorAll('button')];
    (buttons.find((button) => button.textContent === name) || result).focus();
}

// Of the view whose elements are called `name`-said and `name`-result.
export function placeOf(name) {
    const result = byId(`${name}-result`);
    let question = null; // that it is of; null: of none
    let flying = null;
    let timer = null;
    let told = ['', false]; // as say() takes it
    let aside = '';

    function tell(words, shows) {
        told = [words, shows];
        say(`${name}-said`, ...(aside === '' ? told : [aside, true]));
    }

    function fill(children) {
        const focused = result.contains(document.activeElement) ? document.activeElement.textContent : null;
        result.replaceChildren(...children);
        if (focused !== null) {
            keepFocus(result, focused);
        }
    }

    function stop() {
        clearTimeout(timer);
        if (flying !== null) {
            flying.abort();
            flying = null;
        }
    }

    // Shows this, in place of whatever is awaited; `words` are for who listens.
    function put(of, children, words, shows = false) {
        stop();
        question = of;
        fill(children);
        result.removeAttribute('aria-busy');
        tell(words, shows);
    }

    function begin(of, words) {
        stop();
        flying = new AbortController();
        if (of !== question) {
            question = of;
            fill([]);
            tell('', false);
        }
        result.setAttribute('aria-busy', 'true');
        timer = setTimeout(() => tell(words, true), PATIENCE_MS);
        return flying;
    }

    return {
        put,
        question: () => question,

        // of: the question, as text. words: said while it lasts. get(signal): a promise. show(answer) and fail(error):
        // [elements, words].
        async ask({ of, words, get, show, fail }) {
            const mine = begin(of, words);
            let drawn;
            try {
                drawn = show(await get(mine.signal));
            } catch (error) {
                drawn = fail(error);
            }
            if (flying === mine) {
                put(of, ...drawn);
            }
        },

        // Hides what is shown, and whatever comes until then, and says why; '': shows it again.
        setAside(words) {
            aside = words;
            result.hidden = words !== '';
            tell(...told);
        },
    };
}
