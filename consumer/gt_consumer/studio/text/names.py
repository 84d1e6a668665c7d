"""First names of many languages by sex, in Latin letters without accents."""

from __future__ import annotations

import functools
from typing import Final, Literal

_MEN: Final = """
    aaden aaron abbott abdul abdullah abe abel abhishek abraham achim adam ade adebayo adil aditya adolfo
    adrian adrien agustin ahmad ahmed ahmet aidan aiden ajay akash akeem akira alain alan alastair albert
    alberto aldo aldous alec aled alejandro aleksander alessandro alessio alexander alexandre alexei alfie
    alfonso alfred alfredo ali alistair allan allen alonzo alphonse alton alvaro alvin amadou amar ambrose
    amir amit amos anand anders andre andreas andrei andres andrew andris andrzej andy angelo angus anil
    ansel anselm anthony antoine anton antonio antwan apollo archie arjun arlo armand armando arnav arne
    arno arnold arsenio arthur arturo arun arvid asher ashok asif aston auggie augustus aurelio austin avi
    avraham axel ayden aziz baltasar barnaby barry bart bartek bashir basil bastian baxter beau beckett
    ben benedict benito benjamin bennett benny benoit bernard bernardo bernd bernie bert bertram bertrand
    bill billy bjorn blaine blake bob bobby bogdan boris boyd brad bradford bradley brady brandan brandon
    braxton brayden brendan brendon brent brett brian brock broderick brody bruce bruno bryan bryce bryson
    buck burak burt buster byron byung caden caleb callum calvin cameron carl carlo carlos carlton carson
    carter casper cassius cayden cedric cesar chad chandler chang charles charlie chase chauncey chester
    chet chidi chinedu chip chris christian christoph christopher christos chuck clarence clark claude
    claudio claus clay clayton clemens cletus cliff clifford clint clinton clive clyde cody colby cole
    colin colton conner connor conor conrad cooper corbin corey cormac cornelius cory craig cullen curt
    curtis cyril cyrus dale damian damien damon dan dandre dane daniel daniele danny dante darian dario
    darius darnell darrell darren darwin daryl dashiell dave davey david dax dean deandre declan deepak
    delbert delroy demarcus demetrius denis dennis denny denzel deon derek derrick deshawn desmond dev
    devon dewey dexter dickie didier diederik diego dieter dietrich dimitri dion dirk dmitri dmitry
    domenico dominic don donald donnell donnie donovan doug douglas doyle drew duane dudley duncan dustin
    dusty dwayne dwight dylan eamon earl easton eddie edgar edison edmond edmund eduardo edward edwin
    efrain eitan eldon eli elias elijah elio elliot elmer elton elvis elwood emanuel emeka emil emile
    emiliano emmanuel emmett emre enoch enrico enrique enzo eoin ephraim eric erich erik ernest ernesto
    ernie errol ervin erwin esteban ethan etienne eugene eugenio evan everett ezekiel ezra fabian fabio
    fabrizio faisal farhan farouk fausto federico felipe felix femi ferdinand fergus fernando ferris fidel
    filip finley finn fitz fletcher florian floyd flynn forrest foster francesco francis francisco franco
    francois frank frankie franklin franz fraser fred freddie freddy frederick fredrik freeman fritz
    gabriel galen gareth garfield garrett garry garth gary gaston gaurav gavin gene geoff geoffrey georg
    george geraint gerald gerard gerardo gerhard gianni gideon gil gilbert gilberto gino giorgio giorgos
    giovanni giulio giuseppe glen glenn gonzalo gordie gordon grady graeme graham grant grayson greg
    gregor gregory griffin grzegorz guido guillaume guillermo gunnar gunther gus gustav gustavo guy hal
    hamid hamish hamza hank hans harold haroun harry harsh haruto harvey hasan hashim hassan heath hector
    heinrich heinz hendrik henning henri henrik henry herb herbert heriberto herman hernan hershel hideo
    hiram hiro hiroshi hobart horace horst howard hubert huey hugh hugo humberto humphrey hung hussein
    huxley hyun ian ibrahim ignacio igor ikaika ike imran irving irwin isaac isaiah isaias isidro ismael
    ismail itai ivan ivo izaak jack jackson jacob jacques jae jagdish jaime jake jalen jamal james jamie
    jan janek jared jarek jaroslav jarrett jarvis jase jason jasper javier javon jax jaxon jay jayden
    jayson jean-luc jeb jed jedidiah jeff jeffrey jerald jeremiah jeremias jeremy jermaine jerome jerrod
    jerry jesus jett jim jimmy jin joachim joao joaquin jock joe joel joey johan johann john johnny jon
    jonah jonas jonathan jonny jonty jordi jorge joris jose josef joseph josh joshua josiah juan juancho
    judah judd judson jules julian julien julio junaid jurgen justin kade kaito kamal kane kareem karim
    karl karsten karthik kaspar kasper kazuo keanu keegan keenan keith kellan kelvin ken kendrick kenji
    kenneth kenny kent kenta kenton kevin khaled khalid kian kieran kip kiran kirby kirk klaus kofi konrad
    krishna kristian kristoff krzysztof kunal kurt kwame kwesi kyle kyler lachlan lamar lamont lance
    lander landon larry lars lashawn laurent lawrence lazar lazlo leander leandro leif leighton leland
    lemuel len lenny leo leon leonard leonardo leopold leroy lester lev levi levon lewis lex liam linus
    lionel lloyd logan lonnie lorenzo lorne lou louie louis lowell luca lucas lucian luciano lucien ludwig
    luigi luis luka lukas lukasz luke luther lyle lyndon maciej mack maddox magnus mahmoud makoto malachi
    malcolm malik manfred manny manoj manuel marc marcel marcelino marcelo marcin marco marcos marcus
    marek mario marius mark marko marlon marshall martin marty marv marvin mason massimo mateo mateusz
    mathias mats matt matteo matthew matthias maurice mauricio max maxim maximilian maynard mehdi mehmet
    melvin merlin merrick micah michael michal micheal miguel mihai mihail mike mikhail milan miles milo
    milos milton mitch mitchell moe mohamed mohammad mohammed mohan moises montgomery monty mordecai
    moritz morris mort moses moshe muhammad murray mustafa myles nabil nasser nate nathan nathanial
    nathaniel navin ned nehemiah neil nelson nestor neville nicholas nick nicklas nico nicolas nicolo
    nigel nikhil niklas niko nikola nikolai nikos nils nnamdi noah noe noel nolan norbert norm norman
    norris obinna odell odin olaf ole oleg oleksandr olin oliver olivier oluwaseun omar omari orlando
    orville oscar osman osvaldo oswald otis otto owen pablo paddy padraig pancho paolo parth pascal
    pascual patrick patryk paul paulo pavel pawel pedro pekka per perry perseus pete peter phil philip
    philipp philippe phillip phineas pierre pieter pietro piotr porter prakash prescott preston quentin
    quincy quinton radek rafael rafal raghav rainer raj rajesh rajiv ralph ramesh ramiro ramon randall
    randolph randy raphael rashad rashid raul ravi ray raymond raymundo reggie reginald reinaldo reinhard
    renato rex reynaldo reza rhett rhys ricardo richard richie rick ricky rico ridley rob robbie robby
    robert roberto rocky roderick rodger rodney rodrigo rogelio roger rohan rohit roland rolando rolf
    roman romeo ron ronald ronan ronnie roosevelt rory rosco roscoe roshan ross roy ruben rudi rudolf rudy
    rufus rune rupert russ russell ryan ryder ryker sachin sal salim salman salvador salvatore samir sammy
    samuel sandeep sandro sanford sanjay santiago santino sasha saul schuyler scott scotty seamus sean
    sebastian serge sergei sergio seth seymour shahid shane shaun shawn sheldon sherman sherwood shlomo
    shreyas sid siddharth sidney siegfried sigmund silas silvester silvio simeon simon sipho slawomir
    solomon sonny soren spencer stan stanley stavros stefan stefano stefanos steffen stephen sterling
    steve steven stewart stig stu stuart sudhir sully sunil suresh sven sylvester tad tae taj takashi
    takeshi talon tanner tariq tate tayo ted teddy terence terrance terrell terrence terry thabo thad
    thaddeus theo theodor theodore theron thiago thomas thor thorsten tim timmy timothy tito titus tobias
    tobin toby todd tom tomas tomasz tomi tommy toni tony torsten toshiro travis trent trenton trevor trey
    tristan truman tucker ty tyler tyrell tyrone ulrich ulysses usman uwe vadim valentin valentino vance
    vasily vaughn vernon vic victor vijay vikas vikram viktor vince vincent vinny virgil vishal vito vivek
    vlad vladimir volker wade waldo walker wally walt walter warren waylon wayne wei-jie wendell werner
    wes wesley weston whit wilbert wilbur wiley wilfred wilhelm will willem william willie wilton winfield
    winston wojtek wolfgang woodrow woody wyatt xander xavier yannick yaroslav yash yasin yiannis yosef
    youssef yuri yusuf yves zac zach zachary zack zander zane zayn zbigniew zeke zhen ziad zoltan"""
_WOMEN: Final = """
    aaliyah abbey abbie abby abigail ada adaeze addie addison adela adelaide adele adelina adeline adina
    adriana adrienne afia agatha agnes agnieszka agustina aicha aida aiko aileen aimee ainsley aisha
    aisling akosua alana alanna alba alecia alejandra aleksandra alessa alessandra alessia alexa alexandra
    alexandria alexia alexis alice alicia alina aline alisa alison alivia aliya aliyah allegra allie
    allison ally allyson alma althea alva alyson alyssa amal amanda amani amara amari amaya ambar amber
    amelia amelie ami amie amina amira amirah amiyah amparo amrita amy ana anabel anahi anais anastasia
    anastasiya andie andrea aneta ange angela angelica angelina angelique angie anika anisa anita aniyah
    anja anjali ann anna annabel annabelle annalise anne anneke annelise annette annie annika annmarie
    antoinette antonia anya aoife april arabella araceli aria ariana ariel arielle arlene arlette artemis
    arya asha ashanti ashlee ashlyn aspen astrid athena aubree audra audrey augusta aurelia aurora autumn
    ava avani averi aviva aya ayanna ayelet ayesha aylin azalea bailey barb barbara bea beata beatrice
    beatriz becca becky belen belinda bella benita bernadette bernice bertha bess bessie beth bethan
    bethany betsy bette bettina betty beulah beverly bianca bianka birgit blanca blanche blythe bonnie
    brandi brandy breanna bree brenda brenna briana brianna brianne bridget bridgette brigitte briony
    britney brittany bronwyn brooke bryn brynn buffy caitlin caitlyn callie cambria camila camilla camille
    candace candice candy cara caridad carina carissa carla carlene carlita carlotta carly carmela carmen
    carol carole carolina caroline carolyn carolyne carrie caryn cassandra cassidy cassie catalina
    catarina cate caterina catherine cathleen cathryn cathy cecilia celeste celia celine ceri chandra
    chanel chantal charis charity charlene charlize charlotte charmaine chasity chastity chaya chelsea
    chelsey cherie cherry cheryl cheyenne chiamaka chiara chika chinwe chloe christa christi christie
    christina christine christy ciara cicely cinda cindy claire clara clare claribel clarice clarissa
    claudette claudia claudine clementine cleo cleopatra colette colleen concepcion connie constance
    consuelo cora coraline cordelia coretta corina corinne corrine cosima courtney cristal cristina
    crystal cynthia dafne dagmar dahlia daisy dalia daliah dalila damaris dana danette danica daniela
    danielle danna daphne dara darcy daria darla darlene dasha dawn dayana dayna deann deanna deb debbie
    debi debora deborah debra dee deena deidre deirdre delaney delia delilah delphine delta demi dena
    denise denisse desire desiree devi devika dian diana diane dianna dianne dilys dina dinah divya dixie
    dolly dolores dominika dominique donatella donna dora doreen doretta dori doris dorota dorothea
    dorothy dorris dottie dovie drusilla dulce earlene eartha ebba ebony edie edith edna effie eileen
    elaina elaine elana eleanor eleanora elena eleni eliana elin elina elisa elisabeth elisabetta elise
    elisha elissa eliza elizabeth elke ella ellen ellie elly elodie eloisa eloise elsa elsie elspeth elva
    elvira elyse ema emely emerald emilia emilie emily emma emmeline emmie emmy enid enola erica erika
    erin erma ernestine eryn esme esmeralda esperanza estela estelle esther ethel etta eugenia eugenie
    eulalia eunice eva evangeline eve evelyn evie evita ewa faith fallon fannie farah farrah fatima fatma
    fatou fay faye felicia felicie felicity fern fernanda fiona fiorella flo floella flora florence
    flossie fran frances francesca francine franziska freda frederica freya frida frieda gabbie gabby
    gabriela gabriella gabrielle gaia gail gayle geena gemma geneva genevieve georgette georgia georgiana
    georgie georgina geraldine germaine gertie gertrude ghislaine gia giada gianna gigi gilda gillian gina
    ginger ginny giovanna gisela giselle gita giulia gladis gladys glenda gloria glynis golda grace
    graciela greer greta gretchen gretel grisel griselda guadalupe gudrun guinevere gwen gwendolyn gwyneth
    hadiya hadley hailey halle hallie hana hanna hannah hanne harriet haruka hatice hattie haven hayleigh
    hayley hazel heather hedwig hedy heidi heike helen helena helene helga henrietta henriette hermione
    hester hettie hilary hilda hilde hildegard hina holly hortense hyacinth ida ilana ileana ilene iliana
    ilona ilse iman imani imogen ina indira ines inez inga inge ingeborg ingrid iola ione irena irene
    irina iris irma isa isabel isabella isabelle isadora isha isla isobel itzel iva ivana ivette ivonne
    ivy izabela izzy jacinta jackie jacklyn jaclyn jacqueline jacquelyn jada jadwiga jaelyn jaida jaimie
    jamila jana janae jane janell janelle janet janette janice janie janine janis janna jaqueline jasmin
    jasmine jayda jayla jaylene jaylin jayne jean jeana jeanette jeanie jeanne jeannette jeannie jeannine
    jemima jen jenifer jenna jenni jennie jennifer jenny jeri jerri jess jessa jessi jessica jewel jill
    jillian jillianne joan joana joann joanna joanne jocelyn jodi jodie joelle johana johanna jolene jolie
    joni jordana josefa josefina josephine josette josey josie jovita joy joya joyce juana juanita judi
    judie judith judy julia juliana julianna julianne julie juliet julieta juliette julissa june junie
    justyna kaia kaitlin kaitlyn kaja kali kalina kallie kamala kamila kandace kara karan karen kari karin
    karina karla karlene karly karolina karolyn karrie karyn kasia kassandra katarina katarzyna kate
    katelyn katelynn katerina katharina kathe katherine kathi kathie kathleen kathlyn kathrine kathryn
    kathy kati katia katie katja katlyn katrina katy katya kavita kavya kay kaya kayla kaylee kayleigh
    kaylie kaylin keely keiko keira keisha kelli kellie kelsey kelsie kendra kenia kenna kenya keri kerri
    kerrie kerstin khadija kia kiana kiara kiera kierra kiki kiley kim kimber kimberly kimmy kinga kinsley
    kira kirsten kirstie kirstin kirsty kitty klara kora kourtney krista kristal kristen kristi kristie
    kristin kristina kristine kristy krystal krystle krystyna kyla kylee kyleigh kylie kyra lacey ladonna
    laila lainey lakeisha lakisha lakshmi lana laney lara larisa larissa larue lashonda latasha latisha
    latonya latoya laura laurel lauren laurena lauretta laurette lauri laurie lavern laverne lavinia
    lawanda layla lea leah leandra leann leanna leanne leda leila leilani lelia lena lenora lenore leola
    leona leonie leora leta letha leticia letitia lexi lexie lia liana libbie libby lidia liesel ligia
    lila lilia lilian liliana liliane lilith lilla lillian lilliana lilly lily lina linda lindsay lindsey
    linh linn linnea liora lisa lisbeth lise lisette lissa lita liv livia livvy liz liza lizbeth lizette
    lizzie lizzy lois lola lolita lora loraine lorelei lorena lorene loreta loretta lori lorie lorna
    lorraine lorri lotte lottie louella louise lourdes luana luann lucia luciana lucie lucienne lucila
    lucille lucinda lucretia lucy ludmila luella luisa lula lulu luna lupe lupita lurdes lux lydia lyla
    lyn lynda lynette lynn lynne lynnette lyra mabel macey maci mackenna mackenzie macy madalyn maddie
    maddy madeleine madeline madelyn madge madison mae maegan maeve magali magda magdalena maggie magnolia
    maia maira maisie maite maja makayla makenna malgorzata malia malika malina mallory mamie mandi mandy
    manuela mara marcela marcella marcelle marcia marcie marcy mareike margaret margarete margarette
    margarita margaux marge margery margherita margie margit margo margot marguerite mari maria mariah
    mariam mariana mariann marianne maribel maribeth maricela marie mariella marietta marika marilou
    marilu marilyn marina mariposa maris marisol marissa marita mariya marja marjorie marlee marlena
    marlene marley marlo marly marnie marsha marta martha martina martine marva mary maryam maryann
    maryanne marybeth maryellen marylou masha mathilda mathilde matilda mattie maud maude maura maureen
    mavis maxi maxie maxine maya maybelle mayra mckenna mckenzie meagan mechelle medea meera meg megan
    meghan mei melania melanie melba melina melinda melisa melisande melissa mellie melody melva mercedes
    mercy meredith meryl mia micaela michaela michele micheline michelle mika mikaela mikayla mila mildred
    milena millicent millie mimi mina minerva ming-na minnie mira mirabel miranda mireille mirella mireya
    miriam mirna misty mitzi miya moana moira mollie molly mona monae monica monika monique montserrat
    morag morgana muriel mya mylene myra myriam myrna myrtle nadia nadine nadja naima nan nancy nanette
    nannie naomi naomie natalia natalie natalya natasa natasha nathalie nayeli nedra neha nelda nelida
    nell nella nellie nettie neva ngozi nia niamh nicki nicola nicole nicoletta nicolette nicolle nika
    niki nikita nikki nilda nina nita noa noelia noelle noemi nola nona noor nora norah noreen norma nova
    nuala nyah nyla octavia odessa odette odile ofelia oksana olena oleta olga olive olivia oluchi oneida
    oona opal ophelia oprah oralia orla orly orna ottilie ouida paige paisley paloma pam pamela pamella
    paola parvati pascale patrice patricia patrizia patsy patti patty paula pauletta paulette paulina
    pauline pearl peg peggy penelope penny perla pernilla persephone petra petunia philippa philomena
    phoebe phyllis pia pilar piper pippa polina polly pooja poppy porsha portia precious presley prisca
    priscilla priti priya priyanka prudence quiana rachael rachel rae raelynn raina ramona randi rani
    rania raquel raven raya rayna reagan reba rebeca rebecca rebekah reena regan regina reina rena renata
    renee reva reyna rhea rhiannon rhoda rhonda ricarda rikki rina risa rita riva rivka robbin roberta
    robyn rochelle rocio roisin romana romina romy rona ronda ronja rosa rosalba rosalia rosalie rosalina
    rosalind rosalyn rosanna rosanne rosaria rosario rose roseanne rosemary rosetta rosie rosina rosita
    roslyn rowena roxana roxanne roxie rozella rubi ruth ruthie ryleigh sabina sabine sabrina sade sadie
    sakura sally salma salome samantha samara samira sana sandi sandie sandra saniya sanja sanne saoirse
    sara sarah sarai sariah saskia savanna savannah scarlett selah selena selina selma seraphina serena
    shannon sharla sharlene sharon sharron shauna shawna shayla shayna shea sheena sheila shelley sheree
    sheri sherlyn sherri sherrie sherry sheryl shiela shira shirin shirley shona shoshana shreya sibyl
    sibylle sidonie siena sienna sierra sigourney sigrid silke silvana silvia simone sindy sinead siobhan
    sita sofia sofie solange soledad solveig sonia sonja sonya sophia sophie sophy soraya stacey staci
    stacia stacy stefania stefanie steffi stella steph stephanie stephany stina sue sukey suki summer
    sunita sunniva susan susana susann susanna susannah susie suzan suzanna suzanne suzette suzie suzy
    svetlana swati sybil sydnee sylvia sylvie tabitha talia tallulah tamar tamara tamera tami tamika tammy
    tamsin tania tanisha tanya tara tasha tatiana tawny tayla tegan teresa teri terri terrie tess tessa
    tessie thais thalia thandi thea thelma theodora theresa therese tia tiana tiara tierra tiffany tillie
    tilly tina tisha toini tonya tori tosha tracee tracey traci tracie tracy treva tricia trina trish
    trisha trista trudie trudy tyra ulla ulrike uma ursula ute valarie valencia valentina valeria valerie
    valery valorie vanda vanessa vania vashti veda velma vera verena vernice veronica veronika vesna vicki
    vickie vicky victoria vida viktoria vilma viola violet violeta violette virginia vita viv viveca
    vivian viviana viviane vivienne wanda waneta wendi wendy whitney wilda wilhelmina wilhelmine willa
    willow wilma wilmer winifred winnie winona wren wynne xenia ximena xiomara yadira yael yana yara
    yasmin yasmina yasmine yazmin yelena yesenia yesica yoko yoland yolanda ysabel yuki yulia yuliana
    yuliya yumi yuna yvette yvonna yvonne zahra zainab zara zaria zelda zelma zena zenobia zeynep zia zina
    zita zoe zoey zofia zoie zola zora zuri zuzanna"""
_EITHER: Final = """
    alex ali ariel ash ashley aubrey avery billie blair bo bobbie brook camden cameron carey casey charlie
    chen chris corey cruz dakota dallas dana denver devon dorian drew eden elliot ember emery finley
    frankie gale harlan harley harper hayden hunter jackie jaden jaime jamie jan jay jess jesse jessie jo
    jodie johnnie jordan jules justice kai kelly kendall kerry kiran kit kris lane lee leigh leslie logan
    loren lou marion max mel merle mickey micky mo morgan nat nicky noel ollie parker pat peyton phoenix
    quinn rain reed reese remy rene riley robin rory rowan sage sam sandy sasha sawyer shawn shay shiloh
    sidney sky skye skyler stevie sydney tatum taylor terry tommie toni tracy val wei yuki"""
# Words that begin with a capital letter now and then without naming anybody.
_COMMON: Final = """
    april aspen august austin autumn bill buck candy carter cash chad charity chase cherry china chip
    christian clay cooper daisy dale dawn dean don drew dusty earl faith florence forrest foster frank
    gene georgia ginger grace grant guy harry haven hazel heather holly hope hunter iris ivy jack jade
    jasmine jean jersey joy june justice kitty lance lily mark may melody mercy miles misty olive pat
    patience pearl penny piper poppy porter precious rain raven ray rich rob rocky rose ruby rusty sage
    sandy sky sonny sterling sue summer trinity violet virginia wade walker will willow wren"""


@functools.lru_cache(maxsize=1)
def _tables() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    men, women, either = (frozenset(text.split()) for text in (_MEN, _WOMEN, _EITHER))
    unclear = either | (men & women)
    return men - unclear, women - unclear, unclear


def plain(name: str) -> str:
    """Return a name in lower-case Latin letters without accents."""
    if name.isascii():
        return name.lower()
    from anyascii import anyascii

    return anyascii(name).lower()


def sex_of_name(name: str) -> Literal["female", "male"] | None:
    """Return "female" or "male" for a first name; None for names of both sexes and unknown ones."""
    men, women, _ = _tables()
    key = plain(name)
    return "male" if key in men else "female" if key in women else None


def is_first_name(name: str) -> bool:
    """Whether a word is a known first name, of either sex."""
    return any(plain(name) in table for table in _tables())


def is_common_word(name: str) -> bool:
    """Whether a first name is an ordinary word, too, such as "Will" or "May"."""
    return plain(name) in _common()


@functools.lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    return frozenset(_COMMON.split())
